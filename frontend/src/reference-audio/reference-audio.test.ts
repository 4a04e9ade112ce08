// @vitest-environment jsdom
import "fake-indexeddb/auto";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import type { Take } from "../take/take";
import { TakeStore } from "../take/take-store";
import { isFull, MOST_BYTES, MOST_TAKES } from "../take/tray";
import { FakeServices, model, refuse, TRANSCRIPTION, USER_ID } from "../testing/fake-services";
import { inVain } from "./LiveWords";
import { PANEL_WORDS } from "./panels/catalogue";
import { sourceProblem } from "./problems";
import { ReferenceAudio } from "./reference-audio";
import { REFERENCE_WORDS } from "./words/catalogue";

const t = REFERENCE_WORDS.in("en");

const ANOTHER = "a0000000-0000-4000-8000-000000000000";

let scope: Scope;
let services: FakeServices;
let reference: ReferenceAudio;

function open(next: FakeServices = services): ReferenceAudio {
  services = next;
  reference = new ReferenceAudio(services, scope);
  return reference;
}

beforeEach(() => {
  scope = new Scope();
  services = new FakeServices();
  open();
});
afterEach(() => scope.dispose());

const state = () => reference.getSnapshot();
const text = () => state().transcript.text;

async function recordTake(seconds = 12): Promise<void> {
  await reference.record();
  services.source.speak(seconds);
  await reference.stop();
}

describe("A take", () => {
  test("goes from the first sample to a WAV, one upload and the final text", async () => {
    await recordTake();
    expect(state().take).toMatchObject({ kind: "recording", seconds: 12 });
    expect(state().take?.file.size).toBe(44 + 12 * 48_000 * 2);
    expect(services.storage.uploaded).toHaveLength(1);
    const [call] = services.api.calls;
    expect(call?.request.json).toEqual({ storage_path: services.storage.uploaded[0] });
    expect(text()).toBe(TRANSCRIPTION.text);
    expect(reference.value).toMatchObject({
      durationSeconds: 12,
      transcriptFinal: TRANSCRIPTION.text,
      busy: false,
    });
    expect(services.source.closed).toBe(1);
  });

  test("that is too short is told so and not transcribed", async () => {
    await recordTake(2);
    expect(state().take?.verdicts[0]).toMatchObject({ grade: "bad" });
    expect(services.api.calls).toEqual([]);
    expect(reference.value.file).toBeUndefined();
  });

  test("ends by itself with the last sample that fits", async () => {
    open(new FakeServices({ limits: { ...services.config.limits, max_seconds: 5 } }));
    await reference.record();
    services.source.speak(9);
    await vi.waitFor(() => expect(state().take?.seconds).toBe(5));
    expect(state().take?.file.size).toBe(44 + 5 * 48_000 * 2);
    expect(reference.value.file).toBeDefined();
  });

  test("is stopped once, however often one asks", async () => {
    await reference.record();
    services.source.speak(5);
    await Promise.all([reference.stop(), reference.stop()]);
    expect(state().take?.seconds).toBe(5);
  });

  test("that is discarded while it stops takes nothing of the next one along", async () => {
    let close = () => {};
    const open = services.source.open.bind(services.source);
    vi.spyOn(services.source, "open").mockImplementationOnce(async (...given) => {
      const device = await open(...given);
      const slow = new Promise<void>((resolve) => {
        close = resolve;
      });
      return { ...device, close: () => slow };
    });
    await reference.record();
    services.source.speak(12);
    const stopping = reference.stop();
    reference.discard();
    await reference.record();
    services.source.speak(5);
    close();
    await stopping;
    expect(state().recorder.stage).toBe("recording");
    await reference.stop();
    expect(state().take?.seconds).toBe(5);
  });

  test("without a sample is no take", async () => {
    await reference.record();
    await reference.stop();
    expect(state().take).toBeUndefined();
    expect(state().recorder.stage).toBe("idle");
  });

  test("that is redone takes its upload along, and its successor is uploaded anew", async () => {
    await recordTake();
    reference.discard();
    expect(state()).toMatchObject({ take: undefined, transcript: { text: "" } });
    await vi.waitFor(() => expect(services.storage.removed).toEqual(services.storage.uploaded));
    await recordTake();
    expect(new Set(services.storage.uploaded).size).toBe(2);
  });

  test("keeps what was typed before it began", async () => {
    reference.edit("My own words");
    await recordTake();
    expect(state().transcript).toMatchObject({ text: "My own words", offered: true });
  });

  test("can be cut and taken back; what is cut is stored", async () => {
    await reference.record();
    services.source.silence(3);
    services.source.speak(6);
    await reference.stop();
    await reference.cut({ from: 2.7, to: 9 });
    expect(state().take?.seconds).toBeCloseTo(6.3, 1);
    expect(reference.value.file?.size).toBeLessThan(44 + 6.4 * 96_000);
    expect(state().original?.seconds).toBe(9);
    reference.uncut();
    expect(state().take?.seconds).toBe(9);
    expect(state().original).toBeUndefined();
  });
});

describe("A cut", () => {
  const HEARD = "He walked down the street, to the old house near the river.";
  const words = HEARD.split(" ").map((text, n) => ({ text, start: n, end: n + 0.8 }));

  test("takes along what was said in it: the edited text, what was heard, what was settled", async () => {
    services.api.answers.set("/transcriptions", () => ({ ...TRANSCRIPTION, text: HEARD, words }));
    await reference.record();
    services.source.speak(13);
    await reference.stop();
    const text = HEARD.replace("old", "very old");
    reference.edit(text);
    const at = text.indexOf("street");
    reference.settle({ start: at, end: at + 6 });
    services.api.answers.set("/transcriptions", refuse("provider_unavailable"));
    await reference.cut({ from: 2.9, to: 9.3 });
    expect(state().transcript).toMatchObject({
      text: "the street, to the very old house",
      edited: true,
      final: "the street, to the old house",
      settled: [{ start: 4, end: 10 }],
    });
    expect(state().timed?.parts[0]).toMatchObject({ text: "the", start: expect.closeTo(0.1) });
    // A cut of a cut is one of the original.
    await reference.cut({ from: 4.9, to: 9.3 });
    expect(state().transcript.text).toBe("to the very old house");
    expect(state().take?.seconds).toBeCloseTo(4.4);
    reference.uncut();
    reference.uncut();
    expect(state().transcript).toMatchObject({ text, final: HEARD });
  });
});

describe("Pausing", () => {
  test("drops what is said meanwhile and makes one recording of the parts", async () => {
    await reference.record();
    services.source.speak(4);
    await reference.pause();
    services.source.speak(60);
    expect(state().recorder).toMatchObject({ stage: "paused", seconds: 4 });
    await reference.resume();
    services.source.speak(4);
    await reference.stop();
    expect(state().take?.seconds).toBe(8);
    expect(services.source.opened).toBe(1);
  });

  test("A lost microphone pauses; going on opens another at the take's own rate", async () => {
    await reference.record();
    services.source.speak(4);
    services.source.lose();
    expect(state().recorder).toMatchObject({ stage: "paused", fault: "lost" });
    services.source.rate = 44_100;
    await reference.resume();
    expect(state().recorder).toMatchObject({ stage: "recording", fault: undefined });
    services.source.speak(4);
    await reference.stop();
    expect(state().take?.seconds).toBeCloseTo(8, 3);
    expect(state().take?.pcm?.rate).toBe(48_000);
  });
});

describe("The microphone", () => {
  test("can be changed in mid-take: nothing of the take is lost", async () => {
    await reference.record();
    services.source.speak(3);
    reference.setDevice("another");
    await vi.waitFor(() => expect(services.source.opened).toBe(2));
    expect(state().recorder.stage).toBe("recording");
    services.source.speak(3);
    await reference.stop();
    expect(state().take?.seconds).toBe(6);
    expect(services.source.deviceIds).toEqual([undefined, "another"]);
    expect(services.source.closed).toBe(2);
  });

  test("changed while paused is opened when the take goes on", async () => {
    await reference.record();
    services.source.speak(3);
    await reference.pause();
    reference.setDevice("another");
    expect(services.source.opened).toBe(1);
    await reference.resume();
    services.source.speak(3);
    await reference.stop();
    expect(state().take?.seconds).toBe(6);
    expect(services.source.deviceIds).toEqual([undefined, "another"]);
  });

  test.each(["denied", "missing", "busy", "insecure", "failed"] as const)(
    "that is %s is told, and another try may work",
    async (fault) => {
      services.source.fault = fault;
      await reference.record();
      expect(state().recorder).toMatchObject({ stage: "idle", fault });
      services.source.fault = undefined;
      await reference.record();
      expect(state().recorder).toMatchObject({ stage: "recording", fault: undefined });
    },
  );

  test("that opens after the take was given up is given back", async () => {
    let letIn = () => {};
    services.source.gate = new Promise((resolve) => {
      letIn = resolve;
    });
    const recording = reference.record();
    expect(state().recorder.stage).toBe("opening");
    reference.discard();
    letIn();
    await recording;
    expect(state().recorder.stage).toBe("idle");
    expect(services.source.opened - services.source.closed).toBe(0);
  });

  test("that is muted or hears nothing for three seconds is told, and forgiven with a sound", async () => {
    await reference.record();
    services.source.silence(3.1);
    expect(state().recorder.silent).toBe(true);
    services.source.speak(0.5);
    expect(state().recorder.silent).toBe(false);
    services.source.mute(true);
    services.source.speak(0.1);
    expect(state().recorder.silent).toBe(true);
  });

  test("The first second of the first take judges the room, and only that", async () => {
    await reference.record();
    expect(state().recorder.room).toBe("checking");
    services.source.speak(1.1);
    expect(state().recorder.room).toBe("quiet");
    await reference.stop();
    reference.discard();
    await reference.record();
    expect(state().recorder.room).toBeUndefined();
  });
});

describe("A person's edit", () => {
  test("made while the final pass runs is not overwritten by it", async () => {
    let answer = () => {};
    services.api.answers.set(
      "/transcriptions",
      () => new Promise((resolve) => (answer = () => resolve(TRANSCRIPTION))),
    );
    const done = recordTake();
    await vi.waitFor(() => expect(state().transcription.status).toBe("transcribing"));
    reference.edit("What I really said.");
    answer();
    await done;
    expect(state().transcript).toMatchObject({ text: "What I really said.", offered: true });
    reference.acceptOffer();
    expect(text()).toBe(TRANSCRIPTION.text);
  });
});

describe("When services fail", () => {
  test("the take goes with the call where storage does not take it", async () => {
    services.storage.fails = true;
    await recordTake();
    const sent = services.api.calls[0]?.request.form?.get("audio");
    expect(sent).toMatchObject({ size: state().take?.file.size });
    expect(text()).toBe(TRANSCRIPTION.text);
  });

  test("a take that storage has lost goes with a second call, under a key of its own", async () => {
    services.api.answers.set("/transcriptions", (request) =>
      request.json ? refuse("not_found")() : TRANSCRIPTION,
    );
    await recordTake();
    expect(text()).toBe(TRANSCRIPTION.text);
    const keys = services.api.calls.map((call) => call.request.idempotencyKey);
    expect(new Set(keys).size).toBe(2);
  });

  test("the recording and the live words stay, and trying again asks the same thing once", async () => {
    services.api.answers.set("/transcriptions", refuse("provider_unavailable"));
    await recordTake();
    expect(state().transcription).toMatchObject({
      status: "failed",
      failure: { code: "provider_unavailable" },
    });
    expect(state().take).toBeDefined();
    services.api.answers.set("/transcriptions", () => TRANSCRIPTION);
    await reference.transcribe();
    expect(text()).toBe(TRANSCRIPTION.text);
    const [first, second] = services.api.calls;
    expect(first?.request.idempotencyKey).toBe(second?.request.idempotencyKey);
    expect(services.storage.uploaded).toHaveLength(1);
  });

  test("a quota tells when its minutes return", async () => {
    services.api.answers.set("/transcriptions", refuse("quota_exceeded", "…", 3600));
    await recordTake();
    const { transcription } = state();
    if (transcription.status !== "failed") throw new Error("It should have failed.");
    const at = transcription.failure.retryAt;
    expect(at).toBeGreaterThan(Date.now() + 3_590_000);
  });

  test("a cancelled transcription changes nothing when its answer comes", async () => {
    let answer = () => {};
    services.api.answers.set(
      "/transcriptions",
      () => new Promise((resolve) => (answer = () => resolve(TRANSCRIPTION))),
    );
    const done = recordTake();
    await vi.waitFor(() => expect(state().transcription.status).toBe("transcribing"));
    reference.cancelTranscription();
    answer();
    await done;
    expect(state()).toMatchObject({ transcription: { status: "idle" }, transcript: { text: "" } });
  });

  test("a cancelled upload is ended and can be begun again", async () => {
    let letGo = () => {};
    services.storage.hold = new Promise((resolve) => {
      letGo = resolve;
    });
    const done = recordTake();
    await vi.waitFor(() =>
      expect(state().transcription).toMatchObject({ status: "uploading", fraction: 0.5 }),
    );
    reference.cancelTranscription();
    letGo();
    await done;
    expect(services.storage.uploaded).toEqual([]);
    await reference.transcribe();
    expect(text()).toBe(TRANSCRIPTION.text);
  });
});

describe("Signing", () => {
  test("out in mid-take loses nothing; signing in again finishes what was begun", async () => {
    await reference.record();
    services.source.speak(5);
    services.signOut();
    services.source.speak(5);
    await reference.stop();
    expect(state().take?.seconds).toBe(10);
    expect(state().transcription).toMatchObject({ failure: { code: "signed_out" } });
    services.signIn();
    await vi.waitFor(() => expect(text()).toBe(TRANSCRIPTION.text));
  });

  test("in as someone else uploads to the new person's own folder", async () => {
    services.api.answers.set("/transcriptions", refuse("internal"));
    await recordTake();
    services.signIn("a0000000-0000-4000-8000-000000000000", false);
    services.api.answers.set("/transcriptions", () => TRANSCRIPTION);
    await reference.transcribe();
    expect(services.storage.uploaded.map((path) => path.split("/")[0])).toEqual([
      USER_ID,
      "a0000000-0000-4000-8000-000000000000",
    ]);
  });
});

test("A microphone that delivers nothing is a fault with words, and what came before is kept", async () => {
  vi.useFakeTimers();
  try {
    await reference.record();
    services.source.speak(5);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state().recorder).toMatchObject({ stage: "recording", fault: undefined });
    await reference.pause();
    await reference.resume();
    await vi.advanceTimersByTimeAsync(3200);
    expect(state().recorder).toMatchObject({ stage: "paused", fault: "stuck" });
    expect(sourceProblem(PANEL_WORDS.in("en"), "stuck").words).toMatch(
      /No sound comes from the microphone/,
    );
    await reference.resume();
    services.source.speak(5);
    expect(state().recorder).toMatchObject({ stage: "recording", fault: undefined });
    await reference.stop();
    expect(state().take?.seconds).toBe(10);
  } finally {
    vi.useRealTimers();
  }
});

describe("A final pass that finds no line", () => {
  test("is made by itself when the line returns", async () => {
    const answer = services.api.answers.get("/transcriptions");
    services.api.answers.delete("/transcriptions"); // nobody answers
    await recordTake();
    expect(state().transcription).toMatchObject({
      status: "failed",
      failure: { code: "unreachable" },
    });
    services.api.answers.set("/transcriptions", answer ?? (() => TRANSCRIPTION));
    window.dispatchEvent(new Event("online"));
    await vi.waitFor(() => expect(text()).toBe(TRANSCRIPTION.text));
  });

  test("is tried again in a while, some times, and not for a take that is gone", async () => {
    vi.useFakeTimers();
    try {
      services.api.answers.delete("/transcriptions");
      await recordTake();
      await vi.advanceTimersByTimeAsync(600_000);
      expect(services.api.calls).toHaveLength(9);
      reference.discard();
      await vi.advanceTimersByTimeAsync(600_000);
      expect(services.api.calls).toHaveLength(9);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("that is refused is not repeated by itself", async () => {
    services.api.answers.set("/transcriptions", refuse("provider_rejected"));
    await recordTake();
    window.dispatchEvent(new Event("online"));
    expect(services.api.calls).toHaveLength(1);
  });
});

describe("Switched off", () => {
  test("transcription leaves a recording to be typed for", async () => {
    open(new FakeServices({ enabled: false }));
    await recordTake();
    reference.edit("What I said myself.");
    expect(services.api.calls).toEqual([]);
    expect(reference.value).toMatchObject({ transcript: "What I said myself." });
    expect(reference.value.file).toBeDefined();
  });

  test("the final pass leaves the live words, and may still be asked for", async () => {
    open(new FakeServices({ final_pass: false, realtime_enabled: true }));
    await recordTake();
    expect(services.api.calls).toEqual([]);
    expect(state().transcription.status).toBe("idle");
    await reference.transcribe();
    expect(text()).toBe(TRANSCRIPTION.text);
  });

  test("live words leave the whole to be transcribed, final pass or not", async () => {
    open(new FakeServices({ final_pass: false, realtime_enabled: false }));
    await recordTake();
    expect(text()).toBe(TRANSCRIPTION.text);
  });
});

describe("A chosen file", () => {
  test.each([
    ["notes.txt", "text", "kind"],
    ["noending", "x", "kind"],
    ["empty.wav", "", "empty"],
  ])("%s is refused by name before anything is sent", async (name, content, fault) => {
    await reference.choose(new File([content], name));
    expect(state()).toMatchObject({ take: undefined, inspecting: false, fileFault: fault });
    expect(services.storage.uploaded).toEqual([]);
  });

  test("one byte above the limit is refused", async () => {
    open(new FakeServices({ limits: { ...services.config.limits, max_bytes: 10 } }));
    await reference.choose(new File(["12345678901"], "a.wav"));
    expect(state().fileFault).toBe("size");
  });
});

describe("Over a reload", () => {
  let name: string;
  let store: TakeStore;
  beforeEach(() => {
    name = crypto.randomUUID();
    store = new TakeStore(name);
    const kept = new FakeServices();
    kept.store = store;
    open(kept);
  });
  afterEach(() => store.close());

  /** The page is closed and opened again. */
  async function reload(prepare: (next: FakeServices) => void = () => {}): Promise<void> {
    scope.dispose();
    await reference.settled();
    await store.close();
    scope = new Scope();
    const next = new FakeServices();
    store = new TakeStore(name);
    next.store = store;
    prepare(next);
    open(next);
    await reference.restore();
  }

  const bytes = async () => new Uint8Array((await state().take?.file.arrayBuffer()) ?? []);

  test("a cut is there again, and can be taken back", async () => {
    await recordTake();
    await reference.cut({ from: 1, to: 5 });
    reference.edit("As cut");
    await reload();
    await vi.waitFor(() => expect(state().take?.seconds).toBe(4));
    expect(state().transcript.text).toBe("As cut");
    reference.uncut();
    expect(state().transcript.text).toBe(TRANSCRIPTION.text);
    expect(state().take?.seconds).toBe(12);
  });

  test("the take is there again, sample for sample, with its edited words", async () => {
    await recordTake(5);
    reference.edit("Edited by me.");
    const before = await bytes();
    await reload();
    await vi.waitFor(() => expect(state().restored).toBe(true));
    const after = await bytes();
    expect(after.length).toBe(before.length);
    expect(after.every((byte, index) => byte === before[index])).toBe(true);
    expect(state().transcript).toMatchObject({ text: "Edited by me.", edited: true });
  });

  test("in mid-recording, all but the last second is there", async () => {
    await reference.record();
    services.source.speak(7.5);
    await reload();
    await vi.waitFor(() => expect(state().take?.seconds).toBeGreaterThanOrEqual(6.5));
    await reference.transcribe();
    expect(text()).toBe(TRANSCRIPTION.text);
  });

  test("a take that was begun before a sign-in is the first one's, later edits included", async () => {
    services.state.set({ status: "out", ended: true });
    await reference.record();
    services.source.speak(5);
    await reference.stop();
    services.signIn(USER_ID, false);
    reference.edit("Edited by me.");
    await reload((next) => next.signIn(ANOTHER, false));
    expect(state().take).toBeUndefined();
    await reload((next) => next.signIn());
    expect(state().take).toBeUndefined();
    await reload((next) => next.signIn(USER_ID, false));
    expect(state().transcript.text).toBe("Edited by me.");
  });

  test("an anonymous person's take goes with them into an account", async () => {
    await recordTake(5);
    services.signIn(USER_ID, false);
    await reload((next) => next.signIn(ANOTHER, false));
    expect(state().take).toBeUndefined();
    await reload((next) => next.signIn(USER_ID, false));
    expect(state().take).toBeDefined();
  });

  test("a sign-out clears the page and keeps the take for its person alone", async () => {
    services.signIn(USER_ID, false);
    reference.setContextBias(["Voxtral"]);
    await recordTake(5);
    services.leave();
    expect(state()).toMatchObject({ take: undefined, contextBias: [] });
    expect(text()).toBe("");
    services.signIn(ANOTHER, false);
    await reference.restore();
    expect(state().take).toBeUndefined();
    await reload((next) => next.signIn(ANOTHER, false));
    expect(state().take).toBeUndefined();
    await reload((next) => next.signIn(USER_ID, false));
    expect(state().take?.seconds).toBe(5);
  });

  test("a sign-out in mid-recording keeps what was recorded for its person", async () => {
    services.signIn(USER_ID, false);
    await reference.record();
    services.source.speak(5);
    services.leave();
    expect(state().recorder.stage).toBe("idle");
    await vi.waitFor(() => expect(services.source.closed).toBe(1));
    await reload((next) => next.signIn(USER_ID, false));
    await vi.waitFor(() => expect(state().take?.seconds).toBe(5));
  });

  test("a sign-out on another page clears the take, and lets a recording go on", async () => {
    services.signIn(USER_ID, false);
    await recordTake(5);
    services.leave("elsewhere");
    expect(state().take).toBeUndefined();
    services.signIn(USER_ID, false);
    await vi.waitFor(() => expect(state().take).toBeDefined());
    reference.discard();
    await reference.record();
    services.leave("elsewhere");
    services.source.speak(5);
    await reference.stop();
    expect(state().take?.seconds).toBe(5);
    services.signIn(ANOTHER, false);
    expect(state().take).toBeUndefined();
  });

  test("a sign-in that ends by itself keeps the take, until another person signs in", async () => {
    services.signIn(USER_ID, false);
    await recordTake(5);
    services.signOut();
    expect(state().take).toBeDefined();
    services.signIn(USER_ID, false);
    expect(state().take).toBeDefined();
    services.signOut();
    services.signIn(ANOTHER, false);
    expect(state().take).toBeUndefined();
  });

  test("a discarded take and one that became a voice are gone", async () => {
    await recordTake();
    reference.discard();
    await reload();
    expect(state().take).toBeUndefined();
    await recordTake();
    reference.submitted();
    await reload();
    expect(state().take).toBeUndefined();
    expect(services.storage.removed).toEqual([]);
  });

  test("a take of a person with an account is shown to that person alone", async () => {
    services.signIn("a0000000-0000-4000-8000-000000000000", false);
    await recordTake();
    await reload();
    expect(state().take).toBeUndefined();
    services.signIn("a0000000-0000-4000-8000-000000000000", false);
    await vi.waitFor(() => expect(state().take).toBeDefined());
  });

  test("a browser that keeps nothing is told of, and the take is still whole", async () => {
    vi.spyOn(store, "save").mockRejectedValue(new DOMException("", "QuotaExceededError"));
    await recordTake();
    await vi.waitFor(() => expect(state().kept).toBe(false));
    expect(state().take?.seconds).toBe(12);
  });
});

describe("Several takes", () => {
  let name: string;
  let store: TakeStore;
  const openStored = () => {
    store = new TakeStore(name);
    const kept = new FakeServices();
    kept.store = store;
    kept.signIn(USER_ID, false);
    open(kept);
  };
  beforeEach(() => {
    name = crypto.randomUUID();
    openStored();
  });
  afterEach(() => store.close());

  async function reload(): Promise<void> {
    scope.dispose();
    await reference.settled();
    await store.close();
    scope = new Scope();
    openStored();
    await vi.waitFor(() => expect(state().take).toBeDefined());
  }

  const lengths = () => state().tray.map(({ take }) => take.seconds);
  const pick = (seconds: number) =>
    reference.pick(state().tray.find(({ take }) => take.seconds === seconds)?.record.id ?? "none");

  /** Web Locks as browsers have them; jsdom has none. */
  function giveLocks(): void {
    const taken = new Set<string>();
    const request = async (name: string, _: unknown, hold: (lock: object | null) => unknown) => {
      if (taken.has(name)) return hold(null);
      taken.add(name);
      await hold({ name });
      return taken.delete(name);
    };
    Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
    onTestFinished(() => void Reflect.deleteProperty(navigator, "locks"));
  }

  async function recordTwo(): Promise<void> {
    await recordTake(12);
    reference.edit("The first one's words.");
    reference.another();
    expect(state()).toMatchObject({ take: undefined, transcript: { text: "" } });
    await recordTake(5);
  }

  test("lie side by side, each with its words, and no upload of one that is not at hand", async () => {
    await recordTwo();
    expect(lengths()).toEqual([12]);
    expect(services.storage.removed).toEqual(services.storage.uploaded.slice(0, 1));
    await pick(12);
    expect(state().take?.seconds).toBe(12);
    expect(state().transcript).toMatchObject({ text: "The first one's words.", edited: true });
    expect(state().restored).toBe(false);
    expect(lengths()).toEqual([5]);
    await pick(5);
    expect(text()).toBe(TRANSCRIPTION.text);
  });

  test("are all there after a reload, and the chosen one is at hand", async () => {
    await recordTwo();
    await pick(12);
    await reload();
    expect(state().take?.seconds).toBe(12);
    expect(text()).toBe("The first one's words.");
    expect(lengths()).toEqual([5]);
  });

  test("are deleted for good, unless the deletion is taken back", async () => {
    await recordTwo();
    reference.remove(state().tray[0]?.record.id ?? "");
    expect(lengths()).toEqual([]);
    await reload();
    expect(state().take?.seconds).toBe(5);
    reference.remove(reference.current?.record.id ?? "");
    expect(state().take).toBeUndefined();
    await reference.bringBack();
    expect(state().take?.seconds).toBe(5);
    await reload();
    expect(state().take?.seconds).toBe(5);
    expect(text()).toBe(TRANSCRIPTION.text);
  });

  test("are bounded by their number and by their bytes", async () => {
    for (let n = 1; n <= MOST_TAKES; n += 1) {
      await recordTake(3);
      reference.another();
    }
    expect(reference.isFull).toBe(true);
    expect(state().take?.seconds).toBe(3); // nothing gave way for another
    expect(lengths()).toHaveLength(MOST_TAKES - 1);
    const file = new File([], "a.wav");
    Object.defineProperty(file, "size", { value: MOST_BYTES });
    const large = { ...(state().take as Take), kind: "file", file } as const;
    expect(isFull([large])).toBe(true);
    expect(isFull([state().take as Take])).toBe(false);
  });

  test("leave the page with their person, and wait for nobody else", async () => {
    giveLocks();
    await recordTwo();
    services.leave();
    expect(state()).toMatchObject({ take: undefined, tray: [] });
    services.signIn(ANOTHER, false);
    await reference.restore();
    expect(state()).toMatchObject({ take: undefined, tray: [] });
    services.signIn(USER_ID, false);
    await vi.waitFor(() => expect([state().take?.seconds, ...lengths()]).toEqual([5, 12]));
  });

  test("an interrupted transcription goes on when its take is taken up again", async () => {
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    services.api.answers.set("/transcriptions", () => held.then(() => TRANSCRIPTION));
    void recordTake(12);
    await vi.waitFor(() => expect(state().transcript.activity).toBe("improving"));
    reference.another();
    void reference.pick(state().tray[0]?.record.id ?? "");
    letGo();
    await vi.waitFor(() => expect(text()).toBe(TRANSCRIPTION.text));
  });
});

describe("The models at hand", () => {
  const german = { languages: [{ code: "de", name: "German" }] };
  const models = [
    model("m", "batch", { ...german, single_word_bias: true }),
    model("better", "batch", { context_bias: false }),
  ];

  test("are asked for nothing that they cannot do", async () => {
    open(new FakeServices({ models }));
    reference.setContextBias(["Voxtral"]);
    reference.setLanguage("de");
    await recordTake();
    expect(services.api.calls[0]?.request.json).toMatchObject({
      language: "de",
      context_bias: ["Voxtral"],
    });
    expect(services.api.calls[0]?.request.json).not.toHaveProperty("model");
    reference.setModel("batch", "better");
    expect(state().language).toBe("auto"); // it knows no German
    await reference.transcribe();
    expect(services.api.calls[1]?.request.json).toEqual({
      storage_path: services.storage.uploaded[0],
      model: "better",
    });
  });

  test("stay chosen for the next take, until the service's own is chosen again", async () => {
    open(new FakeServices({ models }));
    reference.setModel("batch", "better");
    await recordTake();
    reference.discard();
    expect(state().models).toEqual({ batch: "better" });
    reference.setModel("batch", undefined);
    expect(state().models).toEqual({});
  });
});

test("Hints that the live model has no use for are named as people know them", () => {
  expect(inVain(t, [])).toBe("");
  expect(inVain(t, ["language"])).toBe("Live words ignore the language.");
  expect(inVain(t, ["language", "context_bias"])).toMatch(
    /the language and the words to expect\.$/,
  );
  expect(inVain(t, ["of tomorrow"])).toBe("");
});
