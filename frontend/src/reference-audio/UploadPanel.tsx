/** Choosing a file: drop it, or pick it. */
import { type DragEvent, useLayoutEffect, useRef, useState } from "react";
import { UploadIcon } from "../ui/icons";
import { acceptedInWords, fileProblem } from "./file-words";
import { ProblemMessage } from "./ProblemMessage";
import { usePanelParts } from "./panels/use-panel-parts";

export function UploadPanel() {
  const { reference, state, t } = usePanelParts();
  const { config } = reference.services;
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    // "Upload a file instead" has gone: the way on is here.
    if (document.activeElement === document.body) input.current?.focus();
  }, []);
  const choose = (files: FileList | null) => {
    const [file] = files ?? [];
    if (file) void reference.choose(file);
  };
  const drag = (inside: boolean) => (event: DragEvent) => {
    event.preventDefault();
    setOver(inside);
  };
  return (
    <div className="space-y-4">
      <label
        className={`grid place-items-center gap-2 rounded-xl border border-dashed px-4 py-10 text-center has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-accent ${
          over ? "border-accent bg-accent-soft" : "border-edge hover:bg-sunken"
        }`}
        onDragLeave={drag(false)}
        onDragOver={drag(true)}
        onDrop={(event) => {
          drag(false)(event);
          choose(event.dataTransfer.files);
        }}
      >
        <UploadIcon />
        <span>
          <span className="font-medium">{t("upload.drop")}</span>
          <span> </span>
          <span className="text-accent underline underline-offset-4">{t("upload.or")}</span>
        </span>
        <span className="text-sm text-soft">{acceptedInWords(t, config.limits)}</span>
        <input
          accept={[...config.limits.extensions, ...config.limits.types].join(",")}
          aria-label={t("upload.choose")}
          className="sr-only"
          data-choose
          ref={input}
          disabled={state.inspecting}
          onChange={(event) => {
            choose(event.target.files);
            event.target.value = ""; // the same file may be chosen again
          }}
          type="file"
        />
      </label>
      {state.inspecting ? <p className="text-soft">{t("upload.looking")}</p> : null}
      {state.fileFault ? (
        <ProblemMessage problem={fileProblem(t, state.fileFault, config.limits)} />
      ) : null}
      {config.enabled ? (
        <label className="inline-flex min-h-11 items-center gap-2">
          <input
            checked={state.transcribeOnSelect}
            className="size-4 accent-accent"
            onChange={(event) => reference.setTranscribeOnSelect(event.target.checked)}
            type="checkbox"
          />
          {t("upload.transcribe")}
        </label>
      ) : null}
    </div>
  );
}
