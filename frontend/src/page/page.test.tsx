import { act, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Usage, Voice } from "../generated/protocol";
import { Scope } from "../lib/scope";
import type { ReferenceAudioState, ReferenceAudioValue } from "../reference-audio/state";
import { listVoices } from "../services/api";
import { resolveRealtimeUrl } from "../services/live";
import { violations } from "../testing/axe";
import { FakeServices, refuse, TRANSCRIPTION, USER_ID, VOICE } from "../testing/fake-services";
import { ClonePage } from "./ClonePage";
import { PAGE_WORDS } from "./catalogue";
import { whyNot } from "./clone";
import { usageInWords } from "./Header";

// jsdom has the element and not its way to open.
HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
  this.open = true;
};
HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
  this.open = false;
};

const t = PAGE_WORDS.in("en");

let scope: Scope;
beforeEach(() => {
  scope = new Scope();
});
afterEach(() => scope.dispose());

const USAGE: Usage = {
  realtime: { used_seconds: 1080, reserved_seconds: 0, limit_seconds: 1800, cost_microdollars: 0 },
  batch: { used_seconds: 60, reserved_seconds: 0, limit_seconds: 3600, cost_microdollars: 0 },
  cost_microdollars: 0,
  open_sessions: [],
  max_open_sessions: 1,
  resets_at: "2026-03-15T00:00:00Z",
};

async function show(services = new FakeServices(), voices: Voice[] = []) {
  services.api.answers.set("/usage", () => USAGE);
  services.api.answers.set("/voices", () => ({ voices }));
  const view = render(<ClonePage services={services} />);
  await screen.findByRole("heading", { name: "Your voices" });
  const user = userEvent.setup();
  const press = (name: string | RegExp) => user.click(screen.getByRole("button", { name }));
  const reason = () => screen.getByRole("button", { name: "Clone voice" }).nextSibling?.textContent;
  const record = async () => {
    await press("Start recording");
    act(() => services.source.speak(12));
    await press("Stop recording");
    await screen.findByDisplayValue(TRANSCRIPTION.text);
  };
  return { services, user, press, reason, record, root: view.container };
}

describe("Making a voice", () => {
  test("the button says what is still missing, one thing after the other", async () => {
    const { services, user, press, reason } = await show();
    expect(reason()).toBe("Record or upload your voice first.");
    await press("Start recording");
    expect(reason()).toBe("Stop the recording first.");
    services.api.answers.set("/transcriptions", refuse("provider_unavailable"));
    act(() => services.source.speak(12));
    await press("Stop recording");
    await vi.waitFor(() => expect(reason()).toBe("The transcript needs at least 10 characters."));
    await user.type(screen.getByRole("textbox", { name: "Transcript" }), "What I really said.");
    expect(reason()).toBe("Give the voice a name.");
    await user.type(screen.getByLabelText("Name"), "Mine");
    expect(reason()).toBe("Confirm that you may use this voice.");
    await user.click(screen.getByLabelText("This is my voice, or I may use it"));
    expect(reason()).toBe("");
    expect(screen.getByRole("button", { name: "Clone voice" })).toBeEnabled();
  });

  test("a take becomes a voice with its words and where they came from, and is listed", async () => {
    const { services, user, press, record } = await show();
    await record();
    await user.type(screen.getByRole("textbox", { name: "Transcript" }), " Indeed.");
    await user.type(screen.getByLabelText("Name"), " Mine ");
    await user.click(screen.getByLabelText("This is my voice, or I may use it"));
    await press("Clone voice");
    await screen.findByRole("heading", { name: "“Mine” is ready" });
    expect(screen.getByRole("button", { name: /^Play Mine/ })).toBeVisible();
    const call = services.api.calls.find(({ path }) => path === "/clone");
    expect(Object.fromEntries(call?.request.form ?? [])).toEqual({
      name: "Mine",
      language: "en",
      transcript: `${TRANSCRIPTION.text} Indeed.`,
      transcript_source: "edited",
      machine_transcript: TRANSCRIPTION.text,
      consent: "true",
      storage_path: services.storage.uploaded[0],
    });
    expect(services.storage.uploaded).toHaveLength(1);
    expect(screen.getByRole("button", { name: "Start recording" })).toBeVisible();
    expect(screen.getByRole("heading", { name: "“Mine” is ready" })).toHaveFocus();
    await press("Record another");
    expect(screen.getByRole("button", { name: "Start recording" })).toHaveFocus();
    expect(screen.getByLabelText("Name")).toHaveValue("");
  });

  test("a failure loses nothing and may be tried again under the same key", async () => {
    const { services, user, press, record } = await show();
    services.api.answers.set("/clone", refuse("internal"));
    await record();
    await user.type(screen.getByLabelText("Name"), "Mine");
    await user.click(screen.getByLabelText("This is my voice, or I may use it"));
    await press("Clone voice");
    await screen.findByText(/The voice could not be made/);
    services.api.answers.set("/clone", () => VOICE);
    await press("Clone voice");
    await screen.findByRole("heading", { name: "“Mine” is ready" });
    const keys = services.api.calls.flatMap(({ path, request }) =>
      path === "/clone" ? [request.idempotencyKey] : [],
    );
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe("Your voices", () => {
  test("a deletion can be taken back, and is not sent before that time is over", async () => {
    const { services, press } = await show(new FakeServices(), [VOICE]);
    await screen.findByText("Mine");
    await press("Delete Mine");
    expect(screen.queryByRole("button", { name: /^Play Mine/ })).toBeNull();
    await press("Undo");
    await screen.findByRole("button", { name: /^Play Mine/ });
    expect(services.api.calls.some(({ request }) => request.method === "DELETE")).toBe(false);
  });

  test("a deletion that fails, and one that is taken back offline, leave the voice in its place", async () => {
    const older = { ...VOICE, voice_id: "v0", name: "Older", created_at: "2020-01-01T00:00:00Z" };
    const { services, press } = await show(new FakeServices(), [VOICE, older]);
    await screen.findByText("Mine");
    services.api.answers.clear(); // nothing is reached from here on
    const names = () =>
      screen
        .getAllByRole("button", { name: /^Play / })
        .map((each) => each.getAttribute("aria-label"));
    const before = names();
    await press("Delete Mine");
    await press("Undo");
    expect(names()).toEqual(before);
    await press("Delete Mine");
    act(() => void window.dispatchEvent(new Event("pagehide")));
    await screen.findByText("“Mine” couldn't be deleted. It is still here.");
    expect(names()).toEqual(before);
  });

  test("a name is changed in its place, and what cannot be saved is told", async () => {
    const { services, user, press } = await show(new FakeServices(), [VOICE]);
    await screen.findByText("Mine");
    services.api.answers.set(`/voices/${VOICE.voice_id}`, refuse("internal"));
    await press("Rename Mine");
    const field = await screen.findByLabelText("New name of Mine");
    await user.clear(field);
    await user.type(field, "Evening{Enter}");
    await screen.findByText("The voice couldn't be renamed. Try again.");
    const renamed = { ...VOICE, name: "Evening" };
    services.api.answers.set(`/voices/${VOICE.voice_id}`, () => renamed);
    await user.type(field, "{Enter}");
    expect(await screen.findByRole("button", { name: "Rename Evening" })).toHaveFocus();
    expect(services.api.calls.at(-1)?.request).toMatchObject({
      method: "PATCH",
      json: { name: "Evening" },
    });
  });

  test("past ten there are pages and a search", async () => {
    const many = Array.from({ length: 23 }, (_, n) => ({
      ...VOICE,
      voice_id: `v${n}`,
      name: n === 17 ? "Élodie" : `Voice ${n}`,
    }));
    const { user, press } = await show(new FakeServices(), many);
    await screen.findByText("Voice 0");
    const rows = () => screen.getAllByRole("button", { name: /^Play / });
    expect(rows()).toHaveLength(10);
    await press("Show 10 more voices");
    await press("Show 3 more voices");
    expect(rows()).toHaveLength(23);
    await user.type(screen.getByRole("searchbox", { name: "Search your voices" }), "elo");
    expect(rows()).toHaveLength(1);
    await user.type(screen.getByRole("searchbox"), "x");
    expect(screen.getByText("No voice has that in its name.")).toBeVisible();
  });

  test("leaving the page carries a deletion out", async () => {
    const { services, press } = await show(new FakeServices(), [VOICE]);
    await screen.findByText("Mine");
    await press("Delete Mine");
    act(() => void window.dispatchEvent(new Event("pagehide")));
    await vi.waitFor(() =>
      expect(services.api.calls.filter(({ request }) => request.method === "DELETE")).toHaveLength(
        1,
      ),
    );
  });

  test("a long list is read to its end, page by page", async () => {
    const services = new FakeServices();
    services.api.answers.set("/voices?before=then", () => ({
      voices: [{ ...VOICE, voice_id: "w", name: "Older" }],
    }));
    services.api.answers.set("/voices", () => ({ voices: [VOICE], next: "then" }));
    const voices = await listVoices(services.api);
    expect(voices.map((voice) => voice.voice_id)).toEqual(["v", "w"]);
  });

  test("one that was stopped, or deleted, while it was still loading is not heard after all", async () => {
    const play = vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
    vi.spyOn(HTMLMediaElement.prototype, "pause").mockReturnValue();
    const answers: (() => void)[] = [];
    const { services, press } = await show(new FakeServices(), [VOICE]);
    services.api.answers.set(
      "/voices/v",
      () =>
        new Promise((resolve) => {
          answers.push(() => resolve({ ...VOICE, audio_url: "http://127.0.0.1:1/voice.wav" }));
        }),
    );
    await screen.findByText("Mine");
    await press(/^Play Mine/);
    await press(/^Pause Mine/);
    await press(/^Play Mine/);
    await press("Delete Mine");
    await act(async () => {
      for (const answer of answers) answer();
    });
    expect(answers).toHaveLength(2);
    expect(play).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test("one that is heard stops when a recording starts", async () => {
    const play = vi.spyOn(HTMLMediaElement.prototype, "play").mockResolvedValue();
    const pause = vi.spyOn(HTMLMediaElement.prototype, "pause").mockReturnValue();
    const { services, press } = await show(new FakeServices(), [VOICE]);
    services.api.answers.set("/voices/v", () => ({ ...VOICE, audio_url: "http://127.0.0.1:1/v" }));
    await screen.findByText("Mine");
    await press(/^Play Mine/);
    await vi.waitFor(() => expect(play).toHaveBeenCalled());
    pause.mockClear();
    await press("Start recording");
    expect(pause).toHaveBeenCalled();
    expect(screen.getByRole("button", { name: /^Play Mine/ })).toBeVisible();
    vi.restoreAllMocks();
  });

  test("another person's voices are not shown for a moment", async () => {
    const { services } = await show(new FakeServices(), [VOICE]);
    await screen.findByText("Mine");
    services.api.answers.set("/voices", () => new Promise(() => {}));
    act(() => services.signIn("b0000000-0000-4000-8000-000000000000", false));
    expect(screen.queryByText("Mine")).toBeNull();
  });
});

describe("Who is here", () => {
  test("without anonymous sign-in, the first visit begins with signing in", async () => {
    const services = new FakeServices({ allow_anonymous: false });
    services.state.set({ status: "out", ended: false });
    render(<ClonePage services={services} />);
    expect(await screen.findByRole("heading", { name: "Sign in to begin" })).toBeVisible();
    expect(screen.queryByRole("button", { name: "Start recording" })).toBeNull();
    act(() => services.signIn(USER_ID, false));
    expect(await screen.findByRole("button", { name: "Start recording" })).toBeVisible();
  });

  test("a sign-out in the midst of it leaves everything in its place", async () => {
    const { services, record } = await show();
    await record();
    act(() => services.signOut());
    expect(screen.getByText("Your take")).toBeVisible();
    expect(screen.getByDisplayValue(TRANSCRIPTION.text)).toBeVisible();
  });
});

test("a sign-out does what was decided, and leaves nothing to the next person", async () => {
  const services = new FakeServices();
  services.signIn(USER_ID, false);
  const { user, press, record } = await show(services, [VOICE]);
  await screen.findByText("Mine");
  await record();
  await user.type(screen.getByLabelText("Name"), "Grandmother");
  await press("Delete Mine");
  await press("Sign out");
  await vi.waitFor(() => expect(screen.queryByText("Your take")).toBeNull());
  const deletions = services.api.calls.filter(({ request }) => request.method === "DELETE");
  expect(deletions.map(({ path }) => path)).toEqual(["/voices/v"]);
  expect(screen.queryByText("Deleted “Mine”")).toBeNull();
  expect(screen.getByLabelText("Name")).toHaveValue("");
  expect(screen.getByRole("textbox", { name: "Transcript" })).toHaveValue("");
  act(() => services.signIn("b0000000-0000-4000-8000-000000000000", false));
  expect(screen.queryByText("Your take")).toBeNull();
});

test("a voice that is made while its person leaves is not shown to the next one", async () => {
  const services = new FakeServices();
  services.signIn(USER_ID, false);
  const { user, press, record } = await show(services);
  let made: (voice: Voice) => void = () => {};
  services.api.answers.set("/clone", () => new Promise((resolve) => (made = resolve)));
  await record();
  await user.type(screen.getByLabelText("Name"), "Mine");
  await user.click(screen.getByLabelText("This is my voice, or I may use it"));
  await press("Clone voice");
  await press("Sign out");
  await vi.waitFor(() => expect(screen.queryByText("Your take")).toBeNull());
  await act(async () => made(VOICE));
  expect(screen.queryByText(/“Mine” is ready/)).toBeNull();
  expect(screen.queryByRole("button", { name: /^Play Mine/ })).toBeNull();
});

test("an anonymous person may save the voices in an account, with the same id", async () => {
  const services = new FakeServices();
  const signUp = vi.fn(async () => ({ confirm: false }));
  Object.assign(services.account, { signUp });
  const { user, press } = await show(services, [VOICE]);
  await screen.findByText("Mine");
  await press("Save my voices: create an account");
  const dialog = await screen.findByRole("dialog", { name: "Create an account" });
  await user.type(within(dialog).getByLabelText("Email"), "me@example.com");
  await user.type(within(dialog).getByLabelText("Password"), "correct horse");
  await user.click(within(dialog).getByRole("button", { name: "Create account" }));
  expect(signUp).toHaveBeenCalledWith("me@example.com", "correct horse");
  act(() => services.signIn(USER_ID, false));
  expect(screen.queryByText("Save my voices: create an account")).toBeNull();
  expect(await screen.findByText("Mine")).toBeVisible();
});

test("axe finds nothing on the page, with voices, a take and the sign-in dialog", async () => {
  const { press, record, root } = await show(new FakeServices(), [VOICE]);
  await screen.findByText("Mine");
  expect(await violations(root)).toEqual([]);
  await record();
  expect(await violations(root)).toEqual([]);
  await press("Sign in");
  const dialog = await screen.findByRole("dialog");
  expect(within(dialog).getByLabelText("Email")).toBeVisible();
  expect(await violations(root)).toEqual([]);
});

test("What is left of today is told by the kind that ends first", () => {
  expect(usageInWords(t, USAGE)).toEqual({ words: "12 of 30 minutes left today", fraction: 0.4 });
  const recording = { ...USAGE.realtime, used_seconds: 0, reserved_seconds: 1800 };
  const unused = { ...USAGE.batch, used_seconds: 0 };
  expect(usageInWords(t, { ...USAGE, realtime: recording, batch: unused })).toEqual({
    words: "30 of 30 minutes left today",
    fraction: 1,
  });
  const spent = { ...USAGE.batch, used_seconds: 3600, reserved_seconds: 60 };
  expect(usageInWords(t, { ...USAGE, batch: spent })).toEqual({
    words: "0 of 60 minutes left today",
    fraction: 0,
  });
});

test.each([
  [undefined, "http://a.example/clone", "ws://a.example/api/transcriptions/realtime"],
  ["/rt", "https://a.example/clone", "wss://a.example/rt"],
  ["wss://b.example/rt", "https://a.example/", "wss://b.example/rt"],
  ["https://b.example/rt", "https://a.example/", "wss://b.example/rt"],
])("The realtime address %s on %s is %s", (configured, page, address) => {
  expect(resolveRealtimeUrl(configured, page)).toBe(address);
});

test.each([
  { field: "name", text: "\u202e", words: "The name contains a control character." },
  { field: "name", text: "\u3164", words: "The name has no visible characters." },
  { field: "name", text: "\u200b", words: "Give the voice a name." },
  { field: "name", text: "𝒜".repeat(101), words: "The name is too long by 1 character." },
  {
    field: "transcript",
    text: "\u200b".repeat(12),
    words: "The transcript needs at least 10 characters.",
  },
  {
    field: "transcript",
    text: "😀".repeat(9),
    words: "The transcript needs at least 10 characters.",
  },
  {
    field: "transcript",
    text: "😀".repeat(20_002),
    words: "The transcript is too long by 2 characters.",
  },
  {
    field: "transcript",
    text: `he walked\u001b`,
    words: "The transcript contains a control character.",
  },
])("Told before it is sent: $words", ({ field, text, words }) => {
  const file = new File(["x"], "a.wav");
  const value = { file, transcript: "He walked down.", busy: false, ...{ [field]: text } };
  const form = { name: "Mine", consent: true, ...{ [field]: text } };
  const state = { recorder: { stage: "idle" }, take: {}, transcript: { edited: true } };
  const reason = whyNot(
    t,
    value as unknown as ReferenceAudioValue,
    state as unknown as ReferenceAudioState,
    form,
  );
  expect(reason).toBe(words);
});

test("A name of a hundred characters beyond UTF-16's first plane is taken", () => {
  const value = { file: new File(["x"], "a.wav"), transcript: "He walked down.", busy: false };
  const state = { recorder: { stage: "idle" }, take: {}, transcript: { edited: true } };
  const form = { name: "𝒜".repeat(100), consent: true };
  expect(
    whyNot(
      t,
      value as unknown as ReferenceAudioValue,
      state as unknown as ReferenceAudioState,
      form,
    ),
  ).toBeUndefined();
});
