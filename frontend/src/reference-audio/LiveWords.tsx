/** The words as they come, the newest in view. Silent: nothing here is announced. */
import { useLayoutEffect, useRef } from "react";
import { useParts } from "./use-reference-audio";

/** What people call the fields of `start` that a live model may have no use for. */
const HINTS: Readonly<Record<string, string>> = {
  language: "the language",
  context_bias: "the words to expect",
};

/** A word on hints that were given in vain; none where there are none. */
export function inVain(ignored: readonly string[]): string {
  const names = ignored.flatMap((field) => HINTS[field] ?? []);
  return names.length > 0 ? ` They come without regard to ${names.join(" and ")}.` : "";
}

/** Pixels from the end within which the view follows. */
const NEAR_END = 48;

export function LiveWords() {
  const { state, booth } = useParts();
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
      aria-label="Live words"
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
        <p className="text-soft">
          {`Your words appear here a moment after you say them.${inVain(ignored)}`}
        </p>
      )}
    </section>
  );
}
