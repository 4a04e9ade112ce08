/** The text to read, large and calm: it stays while recording. */
import { useEffect, useState } from "react";
import { Button } from "../ui/controls";
import { ENGLISH_SCRIPTS, loadScripts } from "./scripts";
import { useParts } from "./use-reference-audio";

/** Without a chosen language, the reader's own is the best guess. */
const preferred = () => navigator.language.slice(0, 2).toLowerCase();

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
  const { state } = useParts();
  const [index, setIndex] = useState(0);
  const scripts = useScripts(state.language === "auto" ? preferred() : state.language);
  return (
    <figure className="rounded-xl bg-sunken px-4 py-3 sm:px-5 sm:py-4">
      <figcaption className="flex flex-wrap items-center justify-between gap-x-4 text-sm text-soft">
        Read this aloud, about 15 seconds
        <Button className="text-sm" onClick={() => setIndex(index + 1)} variant="link">
          Another text
        </Button>
      </figcaption>
      <blockquote
        className="font-reading text-xl/8 text-pretty"
        dir="auto"
        lang={scripts.language}
        translate="no"
      >
        {scripts.texts[index % scripts.texts.length]}
      </blockquote>
    </figure>
  );
}
