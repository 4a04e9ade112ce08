/** The words as they come, the newest in view. Silent: nothing here is announced. */
import { useLayoutEffect, useRef } from "react";
import { useParts } from "./use-reference-audio";
import type { ReferenceWords } from "./words/catalogue";

/** A sentence on hints that a live model has no use for; none where there are none. */
export function inVain(t: ReferenceWords, ignored: readonly string[]): string {
  const [language, terms] = [ignored.includes("language"), ignored.includes("context_bias")];
  if (language && terms) return t("live.noBoth");
  if (language) return t("live.noLanguage");
  return terms ? t("live.noTerms") : "";
}

/** Pixels from the end within which the view follows. */
const NEAR_END = 48;

export function LiveWords() {
  const { state, booth, t } = useParts();
  const { text, ignored } = state.live;
  const panel = useRef<HTMLElement>(null);
  const seen = useRef({ text: "", before: "" });
  if (seen.current.text !== text) seen.current = { text, before: seen.current.text };
  // What has just come is lighter until more follows it.
  const { before } = seen.current;
  const settled = text.startsWith(before) ? before.length : 0;

  const following = useRef(true);
  useLayoutEffect(() => {
    const element = panel.current;
    if (element && following.current && text) element.scrollTop = element.scrollHeight;
  }, [text]);

  return (
    <section
      aria-label={t("live.label")}
      className={`overflow-y-auto ${booth ? "min-h-0 grow" : "max-h-40 min-h-24 rounded-xl border border-line px-4 py-3"}`}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        following.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
      }}
      ref={panel}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
      tabIndex={0}
    >
      {text ? (
        <p className="text-lg/7" dir="auto" translate="no">
          <span>{text.slice(0, settled)}</span>
          <span className="appear text-soft" key={settled}>
            {text.slice(settled)}
          </span>
        </p>
      ) : (
        <p className="text-soft">{`${t("live.empty")} ${inVain(t, ignored)}`.trim()}</p>
      )}
    </section>
  );
}
