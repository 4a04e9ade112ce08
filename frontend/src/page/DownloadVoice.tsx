/** A voice as a bundle for a cloning engine: recording, text and what is known of them. */
import { useId, useState } from "react";
import {
  type Api,
  downloadBundle,
  PRESETS,
  type PresetId,
  toCallFailure,
  type Voice,
} from "../index";
import { Button, download } from "../react";
import { useWords } from "./use-words";

export function DownloadVoice({
  api,
  voice,
  preset: first = "any",
}: {
  readonly api: Api;
  readonly voice: Voice;
  /** The deployment's own. */
  readonly preset?: PresetId | undefined;
}) {
  const t = useWords();
  const id = useId();
  const [preset, setPreset] = useState<PresetId>(first);
  const [stage, setStage] = useState<"ready" | "busy" | { readonly why: string }>("ready");
  const fetchIt = async () => {
    setStage("busy");
    try {
      const bundle = await downloadBundle(api, voice.voice_id, preset);
      const name = voice.name.replace(/[^\p{L}\p{N} _-]/gu, "").trim() || "voice";
      download(new File([bundle], `${name}-${preset}.zip`));
      setStage("ready");
    } catch (error) {
      setStage({ why: toCallFailure(error).detail });
    }
  };
  return (
    <div className="appear flex flex-wrap items-center gap-2">
      <label className="text-sm text-soft" htmlFor={id}>
        {t("bundle.for")}
      </label>
      <select
        className="min-h-11 rounded-xl border border-edge bg-card px-3 py-2"
        id={id}
        onChange={({ target }) => setPreset(target.value as PresetId)}
        value={preset}
      >
        {PRESETS.map((each) => (
          <option key={each.id} value={each.id}>
            {each.id === "any" ? t("preset.any") : each.title}
          </option>
        ))}
      </select>
      <Button
        aria-label={t("bundle.download.name", { name: voice.name })}
        disabled={stage === "busy"}
        onClick={() => void fetchIt()}
      >
        {t("take.download")}
      </Button>
      <p className="w-full text-sm text-soft empty:hidden" role="status">
        {stage === "busy" ? t("bundle.busy") : typeof stage === "object" ? stage.why : null}
      </p>
    </div>
  );
}
