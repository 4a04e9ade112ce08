/** Two texts as one, with what differs marked: struck through, or underlined. */
import { Fragment } from "react";
import { differences } from "../transcript/difference";
import { usePanelParts } from "./panels/use-panel-parts";

export function Comparison({
  before,
  after,
  caption,
}: {
  readonly before: string;
  readonly after: string;
  readonly caption: string;
}) {
  const { t } = usePanelParts();
  const parts = differences(before, after);
  // Parts never change their place within one comparison.
  const keyed = parts.map((part, index) => ({ ...part, key: `${index}${part.kind}` }));
  return (
    <figure className="appear rounded-xl border border-line px-4 py-3">
      <figcaption className="mb-1 text-sm text-soft">{caption}</figcaption>
      <p className="leading-7" dir="auto" translate="no">
        {keyed.map(({ kind, text, key }) => (
          <Fragment key={key}>
            {kind === "same" ? <span>{text}</span> : null}
            {kind === "removed" ? <del className="rounded bg-removed px-0.5">{text}</del> : null}
            {kind === "added" ? (
              <ins className="rounded bg-added px-0.5 decoration-1 underline-offset-4">{text}</ins>
            ) : null}
            <span> </span>
          </Fragment>
        ))}
      </p>
      {parts.every((part) => part.kind === "same") ? (
        <p className="text-sm text-soft">{t("compare.same")}</p>
      ) : null}
    </figure>
  );
}
