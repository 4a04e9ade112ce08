import { beforeEach, describe, expect, test } from "vitest";
import type { Effect, SessionInput } from "./effects";
import type { ServerMessage, SessionOptions } from "./messages";
import { Session } from "./session";
import { hasVoice } from "./voice";

const REWIND_MS = 2500;
const FRAME = 1600;

/** A session, its clock, and what came out of it. */
class World {
  now = 0;
  buffered = 0;
  random = 0.5;
  readonly session: Session;
  readonly effects: Effect[] = [];
  frames = 0;

  constructor(options: SessionOptions = { language: "en" }) {
    this.session = new Session(options, {
      hasVoice,
      buffered: () => this.buffered,
      random: () => this.random,
    });
  }

  give(input: SessionInput): Effect[] {
    const effects = this.session.handle(input, this.now);
    this.effects.push(...effects);
    return effects;
  }

  message(link: number, message: ServerMessage): Effect[] {
    return this.give({ type: "message", link, message });
  }

  /** Moves the clock, ticking whenever the machine asked for it. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let wake = this.session.wakeAt; wake !== undefined && wake <= end; ) {
      this.now = Math.max(this.now, wake);
      this.give({ type: "tick" });
      wake = this.session.wakeAt;
    }
    this.now = end;
  }

  /** One frame of 100 ms, each with its own number in every sample. */
  speak(frames = 1): void {
    for (let n = 0; n < frames; n += 1) {
      this.give({ type: "audio", pcm: new Int16Array(FRAME).fill(this.frames) });
      this.frames += 1;
      this.now += 100;
    }
  }

  open(link: number, sessionId = `session-${link}`): void {
    this.give({ type: "token", link, token: `token-${link}` });
    this.give({ type: "opened", link });
    this.message(link, {
      type: "ready",
      v: 1,
      session_id: sessionId,
      model: "m",
      max_seconds: 300,
      resume_rewind_ms: REWIND_MS,
    });
  }

  begin(): void {
    this.give({ type: "start" });
    this.open(1);
  }

  ack(link: number, audioMs: number): void {
    this.message(link, { type: "ack", audio_ms: audioMs });
  }

  delta(link: number, text: string): void {
    this.message(link, { type: "delta", text });
  }

  final(link: number, text: string, more: Partial<ServerMessage & { type: "final" }> = {}): void {
    this.message(link, {
      type: "final",
      text,
      status: "complete",
      model: "m",
      audio_seconds: 1,
      session_id: `session-${link}`,
      ...more,
    });
  }

  error(link: number, code: string, retryable: boolean, more: object = {}): void {
    const message = { type: "error", code, message: "…", retryable, ...more } as ServerMessage;
    this.message(link, message);
  }

  sent(link: number): (string | Int16Array)[] {
    return this.effects.flatMap((effect) =>
      effect.type === "send" && effect.link === link ? [effect.data] : [],
    );
  }

  /** Numbers of the frames that a link was sent, in order. */
  audio(link: number): number[] {
    return this.sent(link).flatMap((data) => (typeof data === "string" ? [] : [data[0] as number]));
  }

  texts(link: number): Record<string, unknown>[] {
    return this.sent(link).flatMap((data) => (typeof data === "string" ? [JSON.parse(data)] : []));
  }

  of(type: Effect["type"]): Effect[] {
    return this.effects.filter((effect) => effect.type === type);
  }

  get view() {
    return this.session.view;
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

let world: World;
beforeEach(() => {
  world = new World();
});

describe("Beginning", () => {
  test("Audio spoken before the session is ready is sent first, in order", () => {
    world.give({ type: "start" });
    world.speak(8);
    expect(world.view.phase).toBe("connecting");
    world.open(1);
    world.speak(2);
    expect(world.audio(1)).toEqual(range(0, 10));
    expect(world.view.phase).toBe("listening");
  });

  test("The start message says who, what and in which language, and carries no token twice", () => {
    world = new World({ language: "English", contextBias: ["Voxtral"] });
    world.begin();
    expect(world.texts(1)).toEqual([
      {
        type: "start",
        v: 1,
        language: "English",
        audio_format: { encoding: "pcm_s16le", sample_rate: 16_000 },
        context_bias: ["Voxtral"],
        access_token: "token-1",
      },
    ]);
  });

  test("Nothing is sent before `ready`, and no audio before the start message", () => {
    world.give({ type: "start" });
    world.speak();
    world.give({ type: "token", link: 1, token: "t" });
    expect(world.sent(1)).toEqual([]);
    world.give({ type: "opened", link: 1 });
    world.speak();
    expect(world.texts(1)).toHaveLength(1);
    expect(world.audio(1)).toEqual([]);
  });

  test.each([
    ["no token", () => {}],
    ["no socket", (w: World) => w.give({ type: "token", link: 1, token: "t" })],
    [
      "no ready",
      (w: World) => {
        w.give({ type: "token", link: 1, token: "t" });
        w.give({ type: "opened", link: 1 });
      },
    ],
  ])("With %s within twenty seconds the try is given up and another made", (_, prepare) => {
    world.give({ type: "start" });
    prepare(world);
    world.pass(19_999);
    expect(world.of("token")).toHaveLength(1);
    world.pass(1 + 500);
    expect(world.of("token")).toHaveLength(2);
    expect(world.view.phase).toBe("reconnecting");
  });

  test("A token that comes too late is not used", () => {
    world.give({ type: "start" });
    world.pass(20_000);
    world.give({ type: "token", link: 1, token: "late" });
    expect(world.of("connect")).toEqual([]);
  });

  test("Without a sign-in it fails at once and says so", () => {
    world.give({ type: "start" });
    const failure = { code: "unauthenticated", message: "Signed out.", retryable: false } as const;
    world.give({ type: "tokenFailed", link: 1, failure });
    expect(world.view).toMatchObject({ phase: "failed", failure: { code: "unauthenticated" } });
    expect(world.session.wakeAt).toBeUndefined();
  });
});

describe("Words", () => {
  test("Deltas are joined with nothing between", () => {
    world.begin();
    world.delta(1, "he wal");
    world.delta(1, "ked down");
    expect(world.view.text).toBe("he walked down");
  });

  test("The final text takes the deltas' place and ends the session", () => {
    world.begin();
    world.delta(1, "he walked");
    world.give({ type: "stop" });
    world.final(1, "He walked.", { language: "en" });
    expect(world.view).toMatchObject({ phase: "ended", text: "He walked.", language: "en" });
    expect(world.of("close")).toEqual([{ type: "close", link: 1, code: 1000 }]);
  });
});

describe("Stopping", () => {
  test("The stop follows the last sample", () => {
    world.begin();
    world.speak(3);
    world.give({ type: "stop" });
    expect(world.sent(1).at(-1)).toBe('{"type":"stop"}');
    expect(world.audio(1)).toEqual([0, 1, 2]);
    expect(world.view.phase).toBe("finishing");
  });

  test("A stop waits for audio that the socket has not taken yet", () => {
    world.begin();
    world.buffered = 64 * 1024;
    world.speak(3);
    world.give({ type: "stop" });
    expect(world.audio(1)).toEqual([]);
    world.buffered = 0;
    world.pass(100);
    expect(world.audio(1)).toEqual([0, 1, 2]);
    expect(world.sent(1).at(-1)).toBe('{"type":"stop"}');
  });

  test("Audio after the stop is not part of the take", () => {
    world.begin();
    world.give({ type: "stop" });
    world.speak();
    expect(world.audio(1)).toEqual([]);
  });

  test("A stop whose socket is lost before the final is sent again, after all of the audio", () => {
    world.begin();
    world.speak(3);
    world.give({ type: "stop" });
    world.give({ type: "closed", link: 1, code: 1006 });
    world.pass(500);
    world.open(2);
    expect(world.texts(2)[0]).toMatchObject({ type: "start", resumes: "session-1" });
    expect(world.audio(2)).toEqual([0, 1, 2]);
    expect(world.sent(2).at(-1)).toBe('{"type":"stop"}');
    world.final(2, "whole");
    expect(world.view).toMatchObject({ phase: "ended", text: "whole" });
  });

  test("A stopped take is never resurrected: late tokens, sockets and messages find nobody", () => {
    world.begin();
    world.give({ type: "stop" });
    world.final(1, "done");
    const before = world.effects.length;
    world.give({ type: "closed", link: 1, code: 1006 });
    world.give({ type: "token", link: 2, token: "late" });
    world.give({ type: "opened", link: 2 });
    world.delta(1, " more");
    world.give({ type: "start" });
    world.give({ type: "takeOver", sessionId: "x" });
    world.speak(2);
    world.pass(60_000);
    expect(world.effects.length).toBe(before);
    expect(world.view).toMatchObject({ phase: "ended", text: "done" });
  });

  test("A final that never comes is not awaited for ever, and the words so far stay", () => {
    world.begin();
    world.delta(1, "he walked");
    world.give({ type: "stop" });
    world.pass(20_000);
    expect(world.view).toMatchObject({ phase: "failed", text: "he walked" });
    expect(world.session.wakeAt).toBeUndefined();
  });

  test("While words still come, the final is awaited longer", () => {
    world.begin();
    world.give({ type: "stop" });
    world.pass(15_000);
    world.delta(1, "late words");
    world.pass(15_000);
    expect(world.view.phase).toBe("finishing");
  });

  test("While audio is still being acknowledged, the final is awaited longer", () => {
    world.begin();
    world.speak(10);
    world.give({ type: "stop" });
    world.pass(15_000);
    world.ack(1, 800);
    world.pass(15_000);
    expect(world.view.phase).toBe("finishing");
  });

  test("A cancel closes what is open and wakes nobody", () => {
    world.begin();
    world.give({ type: "cancel" });
    expect(world.of("close")).toHaveLength(1);
    expect(world.session.wakeAt).toBeUndefined();
    expect(world.view.phase).toBe("ended");
  });
});

describe("Resuming", () => {
  test("Audio goes on from the rewind before the last ack, and the seam is joined", () => {
    world.begin();
    world.speak(50);
    world.ack(1, 5000);
    world.speak(10);
    world.delta(1, "one two three four");
    world.give({ type: "closed", link: 1, code: 1006 });
    expect(world.view).toMatchObject({ phase: "reconnecting", text: "one two three four" });
    world.speak(5);
    world.pass(500);
    world.open(2);
    world.pass(100); // more than a socket is given at once
    expect(world.texts(2)[0]).toMatchObject({ resumes: "session-1" });
    expect(world.audio(2)).toEqual(range(25, 65));
    world.delta(2, "three four");
    expect(world.view.text).toBe("one two three four");
    world.delta(2, " five");
    expect(world.view.text).toBe("one two three four five");
    world.give({ type: "stop" });
    world.final(2, "Three four five six.");
    expect(world.view.text).toBe("one two three four five six.");
  });

  test("Acks of a resumed session count from its own audio", () => {
    world.begin();
    world.speak(50);
    world.ack(1, 5000);
    world.speak(10);
    world.give({ type: "closed", link: 1, code: 1006 });
    world.pass(500);
    world.open(2); // from 2.5 s
    world.speak(30);
    world.ack(2, 4000); // 6.5 s
    world.give({ type: "closed", link: 2, code: 1006 });
    world.pass(1000);
    world.open(3);
    expect(world.audio(3)[0]).toBe(40);
    expect(world.texts(3)[0]).toMatchObject({ resumes: "session-2" });
  });

  test("Killed again and again, no sample is ever missing and three texts make one", () => {
    world.begin();
    world.speak(30);
    world.delta(1, "one two");
    world.ack(1, 3000);
    world.give({ type: "closed", link: 1, code: 1011 });
    world.pass(500);
    world.open(2); // from 0.5 s
    world.delta(2, "one two three");
    world.give({ type: "closed", link: 2, code: 1006 });
    world.pass(1500);
    world.open(3); // nothing was heard by the second: from before its own start
    world.delta(3, "two three four");
    expect(world.audio(2)[0]).toBe(5);
    expect(world.audio(3)[0]).toBe(5);
    expect(world.view.text).toBe("one two three four");
  });

  test("Tries are spaced by a doubling wait, at most six, then it gives up", () => {
    world.random = 1;
    world.give({ type: "start" });
    const times = [0];
    for (let link = 1; link <= 7; link += 1) {
      world.give({ type: "token", link, token: "t" });
      world.give({ type: "closed", link, code: 1006 });
      const wake = world.session.wakeAt;
      if (wake === undefined) break;
      times.push(wake);
      world.pass(wake - world.now);
    }
    expect(times).toEqual([0, 500, 1500, 3500, 7500, 15_500, 23_500]);
    expect(world.view).toMatchObject({ phase: "failed", failure: { code: "unreachable" } });
  });

  test.each([
    [0, 250],
    [0.5, 375],
    [1, 500],
  ])("The wait is jittered: %d makes it %d ms", (random, wait) => {
    world.random = random;
    world.begin();
    world.give({ type: "closed", link: 1, code: 1006 });
    expect(world.session.wakeAt).toBe(wait);
  });

  test("Only progress forgives tries: a server that accepts and drops is given up too", () => {
    world.begin();
    world.speak(5);
    for (let link = 1; link <= 7; link += 1) {
      world.give({ type: "closed", link, code: 1006 });
      world.pass(10_000);
      if (link < 7) world.open(link + 1);
    }
    expect(world.view.phase).toBe("failed");

    world = new World();
    world.begin();
    for (let link = 1; link <= 20; link += 1) {
      world.speak(50);
      world.ack(link, 5000 + (link > 1 ? REWIND_MS : 0));
      world.give({ type: "closed", link, code: 1006 });
      world.pass(500);
      world.open(link + 1);
    }
    expect(world.view.phase).toBe("listening");
  });

  test("A retryable error waits as long as the server asked", () => {
    world.begin();
    world.error(1, "provider_rate_limited", true, { retry_after: 4 });
    world.pass(3999);
    expect(world.of("token")).toHaveLength(1);
    world.pass(1000);
    expect(world.of("token")).toHaveLength(2);
  });

  test("A server that says 'at once' for ever is not stormed", () => {
    world.random = 1;
    world.begin();
    world.error(1, "draining", true, { retry_after: 0 });
    expect(world.of("token")).toHaveLength(2);
    const waits: number[] = [];
    for (let link = 2; link <= 5; link += 1) {
      world.give({ type: "token", link, token: "t" });
      world.give({ type: "opened", link });
      world.error(link, "draining", true, { retry_after: 0 });
      const wait = (world.session.wakeAt ?? 0) - world.now;
      waits.push(wait);
      world.pass(wait);
    }
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
  });

  test("A final that is partial and an error that may be retried: the text stays and it goes on", () => {
    world.begin();
    world.delta(1, "one two");
    world.final(1, "one two three", { status: "partial", reason: "provider_unavailable" });
    world.error(1, "provider_unavailable", true);
    world.pass(500);
    world.open(2);
    world.delta(2, "three four");
    expect(world.view.text).toBe("one two three four");
  });

  test("A partial final without a word after it is not waited on for ever", () => {
    world.begin();
    world.final(1, "one", { status: "partial" });
    world.pass(2000 + 500);
    expect(world.of("token")).toHaveLength(2);
  });

  test("An expired token is replaced by a fresh one at once", () => {
    world.give({ type: "start" });
    world.give({ type: "token", link: 1, token: "old" });
    world.give({ type: "opened", link: 1 });
    world.error(1, "token_expired", false);
    expect(world.of("token").at(-1)).toEqual({ type: "token", link: 2, refresh: true });
  });

  test.each(["quota_exceeded", "forbidden", "transcription_disabled", "provider_rejected"])(
    "%s is not retried",
    (code) => {
      world.begin();
      world.delta(1, "kept");
      world.error(1, code, false, { retry_after: 3600 });
      world.pass(60_000);
      expect(world.of("token")).toHaveLength(1);
      expect(world.view).toMatchObject({
        phase: "failed",
        text: "kept",
        failure: { code, retryAfter: 3600 },
      });
    },
  );

  test.each([1000, 4400, 4401, 4403, 4404, 4413])(
    "Close code %d without an error ends it",
    (code) => {
      world.begin();
      world.give({ type: "closed", link: 1, code });
      expect(world.view.phase).toBe("failed");
    },
  );

  test.each([1001, 1006, 1011, 1012, 1013, 4408, 4429, 4502, 4503])(
    "Close code %d without an error is retried",
    (code) => {
      world.begin();
      world.give({ type: "closed", link: 1, code });
      expect(world.view.phase).toBe("reconnecting");
    },
  );

  test("Running into a limit is no failure", () => {
    world.begin();
    world.final(1, "all of it", { reason: "max_duration" });
    expect(world.view).toMatchObject({ phase: "ended", reason: "max_duration" });
  });

  test("What comes after the end is not kept, and makes no failure of it", () => {
    world.begin();
    world.final(1, "all of it", { reason: "max_duration" });
    world.speak(600);
    world.give({ type: "stop" });
    world.pass(60_000);
    world.give({ type: "online", online: true });
    expect(world.view).toMatchObject({ phase: "ended", text: "all of it", lagMs: 0 });
    expect(world.session.wakeAt).toBeUndefined();
    expect(world.audio(1)).toEqual([]);
  });

  test("Without a network no try is used up, and the first moment with one is used", () => {
    world.begin();
    world.give({ type: "online", online: false });
    world.give({ type: "closed", link: 1, code: 1006 });
    world.pass(600_000);
    expect(world.of("token")).toHaveLength(1);
    expect(world.view).toMatchObject({ phase: "reconnecting", offline: true });
    world.give({ type: "online", online: true });
    expect(world.of("token")).toHaveLength(2);
  });
});

describe("A line that is bad", () => {
  test("Audio taken and nothing acknowledged for five seconds is a half-open socket", () => {
    world.begin();
    world.speak(20);
    world.pass(2900);
    expect(world.of("close")).toEqual([]);
    world.pass(1200);
    expect(world.of("close")).toEqual([{ type: "close", link: 1, code: 4000 }]);
    expect(world.view.phase).toBe("reconnecting");
  });

  test("Acks keep a socket alive, and so does having nothing to acknowledge", () => {
    world.begin();
    for (let n = 1; n <= 12; n += 1) {
      world.speak(10);
      world.ack(1, n * 1000 - 200);
    }
    world.pass(60_000);
    expect(world.view.phase).toBe("listening");
  });

  test("No more than two seconds of audio wait in the socket; the lag is told", () => {
    world.begin();
    world.buffered = 64 * 1024;
    world.speak(40);
    expect(world.audio(1)).toEqual([]);
    expect(world.view.lagMs).toBe(4000);
    world.buffered = 0;
    world.give({ type: "tick" });
    expect(world.audio(1)).toHaveLength(21);
    expect(world.session.wakeAt).toBeLessThanOrEqual(world.now + 100);
  });
});

describe("Draining", () => {
  beforeEach(() => {
    world.begin();
    world.speak(40);
    world.ack(1, 4000);
    world.delta(1, "one two three");
    world.message(1, { type: "notice", code: "draining", deadline_ms: 10_000 });
  });

  test("The successor is opened before the old socket is left", () => {
    expect(world.of("token")).toHaveLength(2);
    world.speak(2);
    expect(world.audio(1)).toEqual(range(0, 42));
    world.delta(1, " four");
    world.open(2);
    world.pass(100);
    expect(world.texts(2)[0]).toMatchObject({ resumes: "session-1" });
    expect(world.audio(2)).toEqual(range(15, 42));
    expect(world.of("close")).toEqual([{ type: "close", link: 1, code: 1000 }]);
    world.delta(1, " LATE");
    world.delta(2, "three four five");
    expect(world.view).toMatchObject({ phase: "listening", text: "one two three four five" });
  });

  test("A successor that fails is tried again while the old socket works on", () => {
    world.give({ type: "token", link: 2, token: "t" });
    world.give({ type: "closed", link: 2, code: 1006 });
    expect(world.view.phase).toBe("listening");
    world.pass(500);
    world.open(3);
    expect(world.audio(3)[0]).toBe(15);
  });

  test("When the old socket goes first, the successor is simply the next one", () => {
    world.error(1, "draining", true);
    expect(world.view.phase).toBe("reconnecting");
    world.open(2);
    expect(world.of("token")).toHaveLength(2);
    expect(world.audio(2)[0]).toBe(15);
  });

  test("The old session's end, as it is replaced, does not end the new one", () => {
    world.give({ type: "token", link: 2, token: "t" });
    world.give({ type: "opened", link: 2 });
    world.error(1, "session_limit", true);
    world.message(2, {
      type: "ready",
      v: 1,
      session_id: "s",
      model: "m",
      max_seconds: 300,
      resume_rewind_ms: REWIND_MS,
    });
    expect(world.view.phase).toBe("listening");
    expect(world.of("token")).toHaveLength(2);
  });

  test("A second notice opens no second successor", () => {
    world.message(1, { type: "notice", code: "draining", deadline_ms: 9000 });
    expect(world.of("token")).toHaveLength(2);
  });
});

test("Hints that the model has no use for are told, and change nothing else", () => {
  world.begin();
  world.delta(1, "one");
  const before = world.view;
  expect(before.ignored).toEqual([]);
  world.message(1, { type: "notice", code: "options_ignored", options: ["language"] });
  expect(world.view).toEqual({ ...before, ignored: ["language"] });
});

describe("Recording elsewhere", () => {
  const limit = { open_sessions: ["elsewhere"], retry_after: 5 };

  test("The person is told, may take over, and is sent all audio from the first sample", () => {
    world.give({ type: "start" });
    world.speak(5);
    world.give({ type: "token", link: 1, token: "t" });
    world.give({ type: "opened", link: 1 });
    world.error(1, "session_limit", true, limit);
    expect(world.view.openSessions).toEqual(["elsewhere"]);
    world.give({ type: "takeOver", sessionId: "elsewhere" });
    world.open(2);
    expect(world.texts(2)[0]).toMatchObject({ resumes: "elsewhere" });
    expect(world.audio(2)).toEqual(range(0, 5));
    expect(world.view).toMatchObject({ phase: "listening", openSessions: [] });
  });

  test("Taking over is still possible after the tries are used up", () => {
    world.give({ type: "start" });
    for (let link = 1; link <= 7; link += 1) {
      world.give({ type: "token", link, token: "t" });
      world.give({ type: "opened", link });
      world.error(link, "session_limit", true, limit);
      world.pass(12_000);
    }
    expect(world.view.phase).toBe("failed");
    world.give({ type: "takeOver", sessionId: "elsewhere" });
    world.open(8);
    expect(world.view.phase).toBe("listening");
  });

  test("What is said until then, after the tries are used up, is sent too", () => {
    world.begin();
    world.speak(50);
    world.ack(1, 5000);
    world.error(1, "session_limit", true, limit);
    expect(world.view.phase).toBe("failed");
    world.speak(600);
    world.give({ type: "takeOver", sessionId: "elsewhere" });
    world.open(2);
    world.pass(4000);
    expect(world.audio(2)).toEqual(range(25, 650)); // from the rewind before the last ack
  });

  test("Taken over by another page, it does not take its place back by itself", () => {
    world.begin();
    world.delta(1, "kept");
    world.error(1, "session_limit", true, limit);
    world.pass(60_000);
    expect(world.of("token")).toHaveLength(1);
    expect(world.view).toMatchObject({ phase: "failed", text: "kept" });
  });
});
