import "./styles/package.css";
