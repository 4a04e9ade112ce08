/** The page's beginning. */
import { createRoot } from "react-dom/client";
import { App } from "./page/App";
import { PAGE_WORDS } from "./page/catalogue";
import { pageLanguage, startLanguage } from "./page/language";
import { Boundary } from "./react";
import "./styles.css";

const root = document.getElementById("root");
if (!root) throw new Error("The page has no place for the application.");
const whole = createRoot(root);
void startLanguage().then(() => {
  const t = PAGE_WORDS.in(pageLanguage.getSnapshot());
  whole.render(
    <Boundary words={t("page.failed")}>
      <App />
    </Boundary>,
  );
});
