/** A voice's name as a field, in its place in the list. */
import { type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { cleanText, LIMITS, type Voice } from "../index";
import { Button, fieldClass } from "../react";
import { useWords } from "./use-words";
import type { Voices } from "./voices";

export function RenameVoice({
  voice,
  voices,
  onDone,
}: {
  readonly voice: Voice;
  readonly voices: Voices;
  readonly onDone: () => void;
}) {
  const t = useWords();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(voice.name);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState(false);
  useEffect(() => field.current?.select(), []);
  const { text, length, fault } = cleanText(name, "line");
  const isGood = !fault && length > 0 && length <= LIMITS.max_voice_name_characters;
  const save = async () => {
    if (!isGood || busy) return;
    setBusy(true);
    const done = text === voice.name || (await voices.rename(voice, text));
    setBusy(false);
    if (done) onDone();
    else setFailed(true);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onDone();
  };
  return (
    <form
      className="flex w-full flex-wrap items-center gap-2"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <input
        aria-describedby={failed ? id : undefined}
        aria-label={t("voices.newName", { name: voice.name })}
        autoComplete="off"
        className={`${fieldClass} min-w-0 grow basis-40`}
        maxLength={2 * LIMITS.max_voice_name_characters}
        onChange={({ target }) => setName(target.value)}
        ref={field}
        value={name}
      />
      <Button disabled={!isGood || busy} type="submit" variant="primary">
        {t("voices.rename")}
      </Button>
      <Button onClick={onDone} variant="link">
        {t("record.cancel")}
      </Button>
      <p className="w-full text-soft empty:hidden" id={id} role="alert">
        {failed ? t("voices.notRenamed") : null}
      </p>
    </form>
  );
}
