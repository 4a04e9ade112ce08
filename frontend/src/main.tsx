/** The page's beginning. */
import { createRoot } from "react-dom/client";
import { App } from "./page/App";
import { Boundary } from "./ui/boundary";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place for the application.");
createRoot(root).render(
  <Boundary words="The page failed. What you recorded is kept in this browser.">
    <App />
  </Boundary>,
);
