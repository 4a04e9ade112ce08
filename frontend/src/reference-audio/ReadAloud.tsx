/** The text to read, large and calm: it stays while recording. */
import { useEffect, useState } from "react";
import { Button } from "../ui/controls";
import { ENGLISH_SCRIPTS, loadScripts } from "./scripts";
import { useParts } from "./use-reference-audio";

/** Without a chosen language, the reader's own is the best guess. */
const preferred = (shown: string) =>
  shown === "en" ? navigator.language.slice(0, 2).toLowerCase() : shown;

function useScripts(language: string) {
  const [scripts, setScripts] = useState(ENGLISH_SCRIPTS);
  useEffect(() => {
    let current = true;
    const show = (loaded: typeof ENGLISH_SCRIPTS) => {
      if (current) setScripts(loaded);
    };
    // Without a network the English text stays: any text will do.
    loadScripts(language).then(show, () => show(ENGLISH_SCRIPTS));
    return () => {
      current = false;
    };
  }, [language]);
  return scripts;
}

export function ReadAloud() {
  const { reference, state, booth, t } = useParts();
  const scripts = useScripts(state.language === "auto" ? preferred(t.language) : state.language);
  const text = scripts.texts[state.script % scripts.texts.length] ?? "";
  useEffect(() => reference.shows(text), [reference, text]);
  return (
    <figure
      className={
        booth
          ? "m-auto max-w-[21em] py-2 booth-text"
          : "rounded-xl bg-sunken px-4 py-3 sm:px-5 sm:py-4"
      }
    >
      {booth ? null : (
        <figcaption className="flex flex-wrap items-center justify-between gap-x-4 text-sm text-soft">
          {t("read.title")}
          <Button
            className="text-sm"
            // Another text in the middle of a sentence would be in the way.
            disabled={state.recorder.stage !== "idle"}
            onClick={() => reference.nextScript()}
            variant="link"
          >
            {t("read.another")}
          </Button>
        </figcaption>
      )}
      <blockquote
        className={`font-reading text-pretty ${booth ? "" : "text-xl/8"}`}
        dir="auto"
        lang={scripts.language}
        translate="no"
      >
        {text}
      </blockquote>
    </figure>
  );
}
