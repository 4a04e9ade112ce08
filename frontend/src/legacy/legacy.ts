/**
 * The legacy clone page: plain markup from the server, brought to life by the same recorder,
 * session and transcript as the page of today. It finds its elements by `data-` attributes, so
 * that a template may look as it likes:
 *
 * - `data-file`, `data-record`, `data-transcribe`, `data-discard`: choose, record or stop, have
 *   transcribed, give up
 * - `data-language`, `data-transcript`, `data-name`, `data-consent`, `data-clone`: the form
 * - `data-live`, `data-time`, `data-status`, `data-verdicts`, `data-playback`, `data-offer`: what is
 *   shown; of these the status alone may be a live region
 */
import { isUsable } from "../audio/gate";
import { Scope } from "../lib/scope";
import type { PageMessages } from "../page/catalogue";
import { clone, whyNot } from "../page/clone";
import { words as pageEnglish } from "../page/words/en";
import { fileProblem } from "../reference-audio/file-words";
import type { PanelMessages } from "../reference-audio/panels/catalogue";
import { words as panelEnglish } from "../reference-audio/panels/words/en";
import {
  liveProblem,
  type Problem,
  sourceProblem,
  transcriptionProblem,
} from "../reference-audio/problems";
import { ReferenceAudio } from "../reference-audio/reference-audio";
import { connect } from "../reference-audio/services";
import { type ReferenceAudioState, WARNING_SECONDS } from "../reference-audio/state";
import { verdictWords } from "../reference-audio/verdict-words";
import { words as referenceEnglish } from "../reference-audio/words/en";
import { minutes } from "../ui/format";
import { words as sharedEnglish } from "../ui/words/en";
import { wordsIn } from "../words/words";
import "./legacy.css";

/** This page speaks English, as its template does. */
const parts = { ...sharedEnglish, ...referenceEnglish };
const panelWords = wordsIn<PanelMessages>("en", { ...parts, ...panelEnglish });
const pageWords = wordsIn<PageMessages>("en", { ...parts, ...pageEnglish });

/** The element that carries the attribute; a template without it is a mistake worth hearing of. */
function find<E extends HTMLElement>(name: string, kind: new () => E): E {
  const element = document.querySelector(`[data-${name}]`);
  if (element instanceof kind) return element;
  throw new Error(`The page has no ${kind.name} with data-${name}.`);
}

function elements() {
  return {
    file: find("file", HTMLInputElement),
    record: find("record", HTMLButtonElement),
    transcribe: find("transcribe", HTMLButtonElement),
    discard: find("discard", HTMLButtonElement),
    language: find("language", HTMLSelectElement),
    transcript: find("transcript", HTMLTextAreaElement),
    name: find("name", HTMLInputElement),
    consent: find("consent", HTMLInputElement),
    clone: find("clone", HTMLButtonElement),
    live: find("live", HTMLElement),
    time: find("time", HTMLElement),
    status: find("status", HTMLElement),
    verdicts: find("verdicts", HTMLElement),
    playback: find("playback", HTMLAudioElement),
    offer: find("offer", HTMLButtonElement),
  };
}

type Elements = ReturnType<typeof elements>;

/** What is to be said now; the most pressing thing first. */
function describe(state: ReferenceAudioState, reference: ReferenceAudio): string {
  const { recorder, transcription, live, take } = state;
  const { config, source } = reference.services;
  const { limits } = config;
  const sourceFault = take ? undefined : (source.unavailable ?? recorder.fault);
  const problem: Problem | undefined =
    (sourceFault && sourceProblem(panelWords, sourceFault)) ??
    (state.fileFault && fileProblem(panelWords, state.fileFault, limits)) ??
    (transcription.status === "failed"
      ? transcriptionProblem(panelWords, transcription.failure)
      : undefined) ??
    (recorder.stage === "recording" ? liveProblem(panelWords, live) : undefined);
  if (problem) return [problem.why?.message, problem.words].filter(Boolean).join(" ");
  if (recorder.silent) return "We hear nothing. Is the microphone muted?";
  // Nothing that counts: a screen reader that speaks each second would be in the recording.
  if (recorder.stage === "recording") {
    const isNearEnd = recorder.seconds >= limits.max_seconds - WARNING_SECONDS;
    return isNearEnd ? `Recording. ${WARNING_SECONDS} seconds left.` : "Recording.";
  }
  if (recorder.stage === "opening") return "Waiting for the microphone…";
  if (state.inspecting) return "Looking at the file…";
  if (transcription.status === "uploading") {
    return `Uploading, ${Math.round(transcription.fraction * 100)}%`;
  }
  if (transcription.status === "transcribing") return "Transcribing…";
  return take ? "Check the words, then clone the voice." : "Record or upload your voice.";
}

function render(
  page: Elements,
  reference: ReferenceAudio,
  shown: { file: File | undefined },
): void {
  const state = reference.getSnapshot();
  const { recorder, take, transcript } = state;
  const recording = recorder.stage !== "idle";
  const form = { name: page.name.value, consent: page.consent.checked };

  page.record.textContent = recording ? "Stop recording" : "Start recording";
  page.record.disabled =
    take !== undefined ||
    recorder.stage === "stopping" ||
    reference.services.source.unavailable !== undefined;
  page.file.disabled = take !== undefined || recording;
  // Nothing is chosen any more; the same file may be chosen again.
  if (!take && !state.inspecting) page.file.value = "";
  page.discard.hidden = take === undefined || state.recorder.stage !== "idle";
  page.language.disabled = recording;
  page.transcribe.disabled =
    !take || !isUsable(take.verdicts) || reference.value.busy || !reference.services.config.enabled;
  page.time.textContent = recording ? minutes(recorder.seconds) : "";
  page.live.textContent = recording ? state.live.text : "";
  page.transcript.disabled = recording;
  if (page.transcript.value !== transcript.text) page.transcript.value = transcript.text;
  page.offer.hidden = !transcript.offered;
  page.clone.disabled = whyNot(pageWords, reference.value, state, form) !== undefined;

  const status = describe(state, reference);
  if (page.status.textContent !== status) page.status.textContent = status;
  if (shown.file !== take?.file) {
    shown.file = take?.file;
    URL.revokeObjectURL(page.playback.src);
    page.playback.hidden = take === undefined;
    if (take) page.playback.src = URL.createObjectURL(take.file);
    else page.playback.removeAttribute("src");
    page.verdicts.replaceChildren(
      ...(take?.verdicts ?? []).map((verdict) => {
        const item = document.createElement("li");
        item.textContent = verdictWords(panelWords, verdict);
        return item;
      }),
    );
  }
}

function clearForm(page: Elements): void {
  page.name.value = "";
  page.consent.checked = false;
}

async function submit(page: Elements, reference: ReferenceAudio): Promise<void> {
  const form = { name: page.name.value, consent: page.consent.checked };
  page.clone.disabled = true;
  page.status.textContent = "Cloning…";
  const person = reference.person.getSnapshot();
  const outcome = await clone(reference, form, () => {});
  if (reference.person.getSnapshot() !== person) return; // what is here is no longer theirs
  if ("failure" in outcome) {
    page.clone.disabled = false;
    page.status.textContent = `${outcome.failure.detail} Your recording and its words are kept.`;
    return;
  }
  clearForm(page);
  reference.submitted();
  page.status.textContent = `“${outcome.voice.name}” is ready.`;
}

async function main(): Promise<void> {
  const page = elements();
  const scope = new Scope();
  // The services are where this script comes from, whichever page it runs in.
  const services = await connect(scope, { apiUrl: new URL(import.meta.url).origin });
  const reference = new ReferenceAudio(services, scope);
  for (const { code, name } of services.config.languages) page.language.add(new Option(name, code));

  const shown = { file: undefined };
  const update = () => render(page, reference, shown);
  scope.add(reference.subscribe(update));
  scope.add(
    reference.person.subscribe(() => {
      clearForm(page);
      update();
    }),
  );
  // Enter in a field is no wish to send the form the old way.
  if (page.name.form) scope.listen(page.name.form, "submit", (event) => event.preventDefault());
  scope.listen(page.name, "input", update);
  scope.listen(page.consent, "change", update);
  scope.listen(page.file, "change", () => {
    const [file] = page.file.files ?? [];
    if (file) void reference.choose(file);
  });
  scope.listen(page.record, "click", () => {
    void (reference.getSnapshot().recorder.stage === "idle"
      ? reference.record()
      : reference.stop());
  });
  scope.listen(page.transcribe, "click", () => void reference.transcribe());
  scope.listen(page.discard, "click", () => reference.discard());
  scope.listen(page.offer, "click", () => reference.acceptOffer());
  scope.listen(page.language, "change", () => reference.setLanguage(page.language.value));
  scope.listen(page.transcript, "input", () => reference.edit(page.transcript.value));
  scope.listen(page.clone, "click", () => void submit(page, reference));
  update();
}

main().catch(() => {
  const status = document.querySelector("[data-status]");
  if (status) status.textContent = "The server cannot be reached. Please load the page again.";
});
