import { act, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { violations } from "../testing/axe";
import { FakeServices, model, refuse, TRANSCRIPTION } from "../testing/fake-services";
import { translate } from "../testing/translate";
import { loadPanels, loadTakePanels } from "./panels/use-panels";
import { ReferenceAudioInput } from "./ReferenceAudioInput";
import { ReferenceAudio } from "./reference-audio";
import type { ReferenceAudioValue } from "./state";

// They come by themselves, once the recorder stands.
beforeAll(() => Promise.all([loadPanels(), loadTakePanels()]));

let scope: Scope;
beforeEach(() => {
  scope = new Scope();
});
afterEach(() => scope.dispose());

function show(services = new FakeServices()) {
  const reference = new ReferenceAudio(services, scope);
  const values: ReferenceAudioValue[] = [];
  const onSignIn = vi.fn();
  const view = render(
    <ReferenceAudioInput
      onChange={(value) => values.push(value)}
      onSignIn={onSignIn}
      reference={reference}
    />,
  );
  const user = userEvent.setup();
  const press = (name: string | RegExp) => user.click(screen.getByRole("button", { name }));
  return { services, reference, values, onSignIn, user, press, root: view.container };
}

type Shown = ReturnType<typeof show>;

async function take({ press, services, reference }: Shown, seconds = 12): Promise<void> {
  await press("Start recording");
  act(() => services.source.speak(seconds));
  await press("Stop recording");
  await act(() =>
    vi.waitFor(() => expect(reference.getSnapshot().transcription.status).not.toBe("uploading")),
  );
}

/** What is seen, beside what is announced. */
const seen = (text: string | RegExp) =>
  screen.findByText(text, { selector: ":not([role=status])" });
const box = () => screen.getByRole("textbox", { name: "Transcript" });
const status = () => screen.getByRole("status").textContent;

describe("Recording", () => {
  test("goes from the button to a take with its words, and the page gets both", async () => {
    const shown = show();
    await take(shown);
    expect(box()).toHaveValue(TRANSCRIPTION.text);
    expect(screen.getByText("Good length: 12 seconds.")).toBeVisible();
    expect(shown.values.at(-1)).toMatchObject({
      durationSeconds: 12,
      transcriptFinal: TRANSCRIPTION.text,
    });
    expect(shown.values.at(-1)?.file?.type).toBe("audio/wav");
    expect(status()).toBe("The transcript is ready.");
  });

  test("keeps the focus on its button from start to stop, then hands it to the take", async () => {
    const shown = show();
    await shown.user.tab(); // the mode
    screen.getByRole("button", { name: "Start recording" }).focus();
    await shown.user.keyboard("{Enter}");
    expect(screen.getByRole("button", { name: "Stop recording" })).toHaveFocus();
    act(() => shown.services.source.speak(5));
    await shown.user.keyboard("{Enter}");
    await act(() =>
      vi.waitFor(() => expect(screen.getByRole("heading", { name: "Your take" })).toHaveFocus()),
    );
    await shown.press("Redo");
    expect(screen.getByRole("button", { name: "Start recording" })).toHaveFocus();
  });

  test("says how long is good, when the room is heard, and when the end is near", async () => {
    const services = new FakeServices();
    const limits = { ...services.config.limits, max_seconds: 60 };
    const shown = show(new FakeServices({ limits }));
    await shown.press("Start recording");
    expect(screen.getByText("Listening to your room for a second…")).toBeVisible();
    act(() => shown.services.source.speak(1.2));
    expect(screen.getByText("Your room is quiet. Read aloud now.")).toBeVisible();
    act(() => shown.services.source.speak(9));
    expect(screen.getByText("Good length – stop any time")).toBeVisible();
    act(() => shown.services.source.speak(22));
    expect(screen.getByText("28 seconds left")).toBeVisible();
    expect(status()).toBe("30 seconds left.");
    await act(async () => shown.reference.discard());
  });

  test("says in one sentence what the meter says, and what to do about it", async () => {
    const shown = show();
    const { source } = shown.services;
    await shown.press("Start recording");
    act(() => source.speak(4, 0.005));
    expect(screen.getByText("Too quiet: come closer.")).toBeVisible();
    expect(shown.reference.recorder.meter.word).toBe("quiet");
    act(() => source.speak(1, 1));
    expect(screen.getByText("Too loud: move back a little.")).toBeVisible();
    act(() => source.speak(7));
    expect(screen.getByText("Good length – stop any time")).toBeVisible();
    await act(async () => shown.reference.discard());
  });

  test("announces nothing that comes and goes", async () => {
    const shown = show();
    await shown.press("Start recording");
    const said = new Set<string | null>();
    for (let second = 0; second < 12; second += 1) {
      act(() => shown.services.source.speak(1));
      said.add(status());
    }
    expect([...said]).toEqual(["Recording started."]);
    expect(shown.root.querySelectorAll("[aria-live], [role=alert], [role=timer]")).toHaveLength(0);
    await act(async () => shown.reference.discard());
  });

  test("can be paused and gone on with", async () => {
    const shown = show();
    await shown.press("Start recording");
    act(() => shown.services.source.speak(5));
    await shown.press("Pause");
    expect(screen.getByText("Nothing is recorded while you pause.")).toBeVisible();
    await shown.press("Resume");
    act(() => shown.services.source.speak(5));
    await shown.press("Stop recording");
    await screen.findByText("Good length: 10 seconds.");
  });
});

describe("What goes wrong has words and a way out", () => {
  test.each([
    ["denied", "The browser blocked the microphone."],
    ["missing", "No microphone found."],
    ["insecure", "Recording needs https."],
  ] as const)("a microphone that is %s", async (fault, words) => {
    const shown = show();
    shown.services.source.fault = fault;
    await shown.press("Start recording");
    expect(status()).toBe(words);
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Upload a file instead");
    expect(screen.getByRole("tab", { name: "Upload" })).toHaveAttribute("aria-selected", "true");
  });

  test("a blocked microphone is explained", async () => {
    const shown = show();
    shown.services.source.fault = "denied";
    await shown.press("Start recording");
    await shown.press("How to allow it");
    expect(screen.getByText(/Open the site settings/)).toHaveFocus();
    await shown.press("Upload a file instead");
    expect(screen.getByLabelText("Choose an audio file")).toHaveFocus();
  });

  test("silence", async () => {
    const shown = show();
    await shown.press("Start recording");
    act(() => shown.services.source.silence(6));
    expect(await seen("We hear nothing. Is the microphone muted?")).toBeVisible();
    await act(async () => shown.reference.discard());
  });

  test("batch that fails", async () => {
    const shown = show();
    shown.services.api.answers.set("/transcriptions", refuse("provider_unavailable"));
    await take(shown);
    const message = await seen(
      "We could not transcribe it. Your recording is safe: type what you said, or try again.",
    );
    expect(within(message.closest("div") as HTMLElement).getAllByRole("button")).toHaveLength(2);
    expect(await violations(shown.root)).toEqual([]);
    shown.services.api.answers.set("/transcriptions", () => TRANSCRIPTION);
    await shown.press("Try again");
    await act(() => vi.waitFor(() => expect(box()).toHaveValue(TRANSCRIPTION.text)));
  });

  test("a used-up quota, with the time at which it returns", async () => {
    const shown = show();
    shown.services.api.answers.set("/transcriptions", refuse("quota_exceeded", "…", 3600));
    await take(shown);
    expect(await seen(/You have used today's minutes. They return at \d\d:\d\d/)).toBeVisible();
  });

  test("a sign-out in mid-take", async () => {
    const shown = show();
    await shown.press("Start recording");
    act(() => {
      shown.services.source.speak(5);
      shown.services.signOut();
    });
    await shown.press("Stop recording");
    await seen("Please sign in again. Your recording is kept.");
    await shown.press("Sign in");
    expect(shown.onSignIn).toHaveBeenCalledOnce();
    act(() => shown.services.signIn());
    await act(() => vi.waitFor(() => expect(box()).toHaveValue(TRANSCRIPTION.text)));
  });

  test("transcription that is switched off leaves no trace of it but a sentence", async () => {
    const shown = show(new FakeServices({ enabled: false }));
    expect(screen.getByText("Transcription is off; type what you said.")).toBeVisible();
    expect(screen.queryByText("Words to expect")).toBeNull();
    await take(shown);
    expect(screen.queryByRole("button", { name: "Transcribe" })).toBeNull();
    await shown.user.type(box(), "My words");
    expect(shown.values.at(-1)).toMatchObject({ transcript: "My words" });
  });

  test("a dropped file is looked at like a chosen one", async () => {
    const shown = show();
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    const zone = screen.getByText("Drop an audio file here").closest("label") as HTMLElement;
    const files = [new File(["x"], "notes.txt")];
    fireEvent.drop(zone, { dataTransfer: { files } });
    expect(await seen(/This kind of file cannot be used/)).toBeVisible();
  });

  test("a file of a kind that cannot be used", async () => {
    const shown = show();
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    const input = screen.getByLabelText("Choose an audio file");
    const lenient = userEvent.setup({ applyAccept: false });
    await lenient.upload(input, new File(["x"], "notes.txt"));
    expect(
      await screen.findByText("This kind of file cannot be used. These can: WAV, MP3."),
    ).toBeVisible();
  });
});

describe("The transcript", () => {
  test("offers a late result beside an edit, marks the differences, and waits for a decision", async () => {
    const shown = show();
    let answer = () => {};
    shown.services.api.answers.set(
      "/transcriptions",
      () => new Promise((resolve) => (answer = () => resolve(TRANSCRIPTION))),
    );
    await take(shown);
    await shown.user.type(box(), "She walked down.");
    await act(async () => answer());
    expect(box()).toHaveValue("She walked down.");
    expect(status()).toBe("A new transcript is ready.");
    await shown.press("Compare");
    expect(await screen.findByText("She", { selector: "del" })).toBeVisible();
    expect(screen.getByText("the street.", { selector: "ins" })).toBeVisible();
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Use it");
    expect(box()).toHaveValue(TRANSCRIPTION.text);
    expect(
      screen.queryByText("A new transcript is ready.", { selector: "p:not([role])" }),
    ).toBeNull();
  });

  test("stays with its take when another one is made, edits included", async () => {
    const shown = show();
    await take(shown);
    await shown.user.type(box(), " And more.");
    await shown.press("Redo");
    expect(box()).toHaveValue("");
    await take(shown, 5);
    expect(box()).toHaveValue(TRANSCRIPTION.text);
    await shown.press(/^Take 1 0:12/);
    expect(box()).toHaveValue(`${TRANSCRIPTION.text} And more.`);
    expect(shown.values.at(-1)?.durationSeconds).toBe(12);
  });

  test("takes words to expect, which go with the next transcription", async () => {
    const shown = show();
    await shown.user.click(screen.getByText("Words to expect"));
    await shown.user.type(
      screen.getByLabelText(/Names and terms/),
      "Voxtral, Utter,,Voxtral{Enter}",
    );
    expect(screen.getByRole("button", { name: "Remove Utter" })).toBeVisible();
    await shown.press("Remove Utter");
    await shown.user.selectOptions(screen.getByLabelText("Language"), "German");
    await take(shown);
    expect(shown.services.api.calls[0]?.request.json).toMatchObject({
      language: "de",
      context_bias: ["Voxtral"],
    });
  });

  test("takes what a recording is about, where the model takes descriptions", async () => {
    const shown = show();
    await shown.user.click(screen.getByText("Words to expect"));
    await shown.user.type(
      await screen.findByLabelText("What is this recording about?"),
      "Birds, and how they sing.",
    );
    await take(shown);
    const [sent] = shown.services.api.calls;
    expect(sent?.request.json).toMatchObject({ context_bias: ["Birds, and how they sing."] });
  });
});

describe("By keyboard and for assistive technology", () => {
  test("arrow keys move between Record and Upload, with one tab stop", async () => {
    const shown = show();
    await shown.user.tab();
    expect(screen.getByRole("tab", { name: "Record" })).toHaveFocus();
    await shown.user.keyboard("{ArrowRight}");
    expect(screen.getByRole("tab", { name: "Upload" })).toHaveFocus();
    expect(screen.getByLabelText("Choose an audio file")).toBeInTheDocument();
    await shown.user.keyboard("{ArrowRight}");
    expect(screen.getByRole("tab", { name: "Record" })).toHaveFocus();
  });

  test("the focus stays in its card when what was pressed goes away", async () => {
    const shown = show();
    shown.services.api.answers.set("/transcriptions", refuse("provider_unavailable"));
    await take(shown);
    await seen(/We could not transcribe it/);
    shown.services.api.answers.set("/transcriptions", () => TRANSCRIPTION);
    await shown.press("Try again");
    await act(() => vi.waitFor(() => expect(box()).toHaveValue(TRANSCRIPTION.text)));
    expect(screen.getByRole("region", { name: /Transcript/ })).toHaveFocus();
    await shown.press("Redo");
    expect(screen.getByRole("button", { name: "Start recording" })).toHaveFocus();
    await act(() => vi.waitFor(() => screen.getByRole("button", { name: "Delete Take 1" })));
    await shown.press("Delete Take 1");
    expect(screen.getByRole("button", { name: "Undo" })).toHaveFocus();
  });

  test("a take holds its tab: the other one cannot be chosen over it", async () => {
    const shown = show();
    await take(shown);
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    expect(screen.getByText("Your take")).toBeVisible();
  });

  test("axe finds nothing: idle, recording, paused, with a take, uploading", async () => {
    const shown = show();
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Start recording");
    act(() => shown.services.source.speak(2));
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Pause");
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Resume");
    act(() => shown.services.source.speak(8));
    await shown.press("Stop recording");
    await screen.findByText("Your take");
    expect(await violations(shown.root)).toEqual([]);
    await shown.press("Redo");
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    expect(await violations(shown.root)).toEqual([]);
  }, 20_000);
});

describe("What a model cannot do", () => {
  const english = [{ code: "en", name: "English" }];
  const options = (name: string) =>
    within(screen.getByRole("combobox", { name }))
      .getAllByRole("option")
      .map((option) => option.textContent);

  test("is not offered", () => {
    show(new FakeServices({ models: [model("m", "batch", { context_bias: false })] }));
    expect(screen.queryByText("Words to expect")).toBeNull();
    expect(options("Language")).toEqual(["Auto", ...english.map(({ name }) => name)]);
    expect(screen.queryByText("Advanced")).toBeNull();
  });

  test("is told where words must be single", () => {
    show(new FakeServices({ models: [model("m", "batch", { single_word_bias: true })] }));
    expect(screen.getByText(/Single words: a phrase counts as its words/)).toBeInTheDocument();
  });

  test("is a reason to choose another model, where there is one", async () => {
    const languages = [...english, { code: "fi", name: "Finnish" }];
    const models = [model("m", "batch"), model("n", "batch", { languages, context_bias: false })];
    const { user, services, reference, root } = show(new FakeServices({ models }));
    expect(options("Language")).toEqual(["Auto", "English"]);
    await user.click(screen.getByText("Advanced"));
    expect(screen.queryByRole("combobox", { name: "Model for live words" })).toBeNull();
    const choice = screen.getByRole("combobox", { name: "Model for the final text" });
    expect(choice).toHaveValue("m");
    await user.selectOptions(choice, "n");
    expect(options("Language")).toEqual(["Auto", "English", "Finnish"]);
    expect(screen.queryByText("Words to expect")).toBeNull();
    expect(await violations(root)).toEqual([]);
    expect(reference.getSnapshot().models).toEqual({ batch: "n" });
    expect(services.api.calls).toEqual([]);
  });
});

describe("A page that others rewrite", () => {
  test("keeps its words through a whole take: each text stands in an element of its own", async () => {
    const errors = vi.spyOn(console, "error");
    const shown = show(new FakeServices({ realtime_enabled: true }));
    const stop = translate(shown.root);
    const seen = () => shown.root.textContent ?? "";
    await shown.press("Start recording");
    const button = () => screen.getByRole("button", { name: "Pause" });
    act(() => shown.services.source.speak(2));
    await shown.user.click(button());
    await vi.waitFor(() => expect(seen()).toContain("Nothing is recorded while you pause."));
    await shown.press("Resume");
    await vi.waitFor(() => expect(seen()).not.toContain("Nothing is recorded"));
    act(() => shown.services.source.speak(10));
    await shown.press("Stop recording");
    await screen.findByDisplayValue(TRANSCRIPTION.text);
    expect(seen()).toContain("Good length: 12 seconds.");
    await shown.press("Redo");
    await shown.press("Delete Take 1");
    expect(seen()).toContain("The take of 12 seconds is deleted.");
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    expect(seen()).not.toContain("Good length");
    stop();
    expect(errors).not.toHaveBeenCalled();
  });
});

test("A page without https says at once that it cannot record, and takes a file", async () => {
  const services = new FakeServices();
  Object.assign(services.source, { unavailable: "insecure" });
  const shown = show(services);
  expect(screen.getByText("Recording needs https.")).toBeVisible();
  expect(screen.getByRole("button", { name: "Start recording" })).toBeDisabled();
  expect(await violations(shown.root)).toEqual([]);
  await shown.press("Upload a file instead");
  expect(screen.getByLabelText("Choose an audio file")).toBeEnabled();
});

/** An element that can play nothing. */
class TornAudio extends EventTarget {
  set src(_: string) {
    queueMicrotask(() => this.dispatchEvent(new Event("error")));
  }

  removeAttribute(): void {}
}

class TornContext {
  decodeAudioData = () => Promise.reject(new DOMException("", "EncodingError"));
}

describe("Honest states", () => {
  test("a first transcription improves nothing, and its progress is no full bar", async () => {
    const shown = show();
    let answer: (value: unknown) => void = () => {};
    shown.services.api.answers.set(
      "/transcriptions",
      () => new Promise((resolve) => (answer = resolve)),
    );
    await shown.press("Start recording");
    act(() => shown.services.source.speak(12));
    await shown.press("Stop recording");
    const bar = await screen.findByRole("progressbar", { name: "Transcribing…" });
    expect(bar).not.toHaveAttribute("aria-valuenow");
    expect(screen.queryByText("Improving…")).toBeNull();
    await act(async () => answer(TRANSCRIPTION));
    expect(await screen.findByText("Final")).toBeVisible();
    expect(screen.getByRole("option", { name: "Auto (English)" })).toBeInTheDocument();
  });

  test("a file that this browser cannot read gets no player", async () => {
    const shown = show(new FakeServices({ enabled: false }));
    await shown.user.click(screen.getByRole("tab", { name: "Upload" }));
    vi.stubGlobal("Audio", TornAudio);
    vi.stubGlobal("OfflineAudioContext", TornContext);
    await shown.user.upload(
      screen.getByLabelText("Choose an audio file"),
      new File(["no audio"], "torn.wav"),
    );
    expect(await screen.findByText(/cannot play this file/)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Play the take" })).toBeNull();
    vi.unstubAllGlobals();
  });

  test.each([
    [true, /Sign in for more, or type what you said/, true],
    [false, /You have used today's minutes\..* type what you said/, false],
  ])("used-up minutes lead to a sign-in where that helps (%s)", async (anonymous, words, more) => {
    const services = new FakeServices();
    services.signIn(undefined, anonymous);
    services.api.answers.set("/transcriptions", refuse("quota_exceeded", "No.", 60));
    const shown = show(services);
    await take(shown);
    expect(await seen(words)).toBeVisible();
    expect(screen.queryByRole("button", { name: "Sign in" }) !== null).toBe(more);
  });
});
