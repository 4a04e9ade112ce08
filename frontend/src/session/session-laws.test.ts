/**
 * The laws of a session under any order of events: a network that cuts, halves and delays, services
 * that drain, refuse, replace and stall, a device that sleeps. `SESSION_LAW_RUNS` asks for more.
 */
import { expect, test } from "vitest";
import type { Effect, SessionInput } from "./effects";
import { PATIENCE } from "./link";
import type { ServerMessage } from "./messages";
import { Session } from "./session";
import { hasVoice } from "./voice";

const RUNS = Number(process.env.SESSION_LAW_RUNS ?? 80);
const FIRST = Number(process.env.SESSION_LAW_SEED ?? 1);
const FRAME = 1600;
const FRAMES_OF_A_WORD = 3;
const REWIND_MS = 2500;
/** How far text lags behind audio at most, frames; the rewind has room for a word more. */
const LAG = 15;

const MOST_REFUSALS = 4;
/** Tries in a row after which a session rightly ends. */
const TRIES = PATIENCE.tries;
const REFUSALS = [
  ["capacity", { retry_after: 2 }],
  ["token_expired", { retryable: false }],
  ["ledger_unavailable", { retry_after: 1 }],
  ["draining", { retry_after: 0 }],
  ["provider_unavailable", {}],
] as const;

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Words that do not resemble their neighbours. */
function word(number: number): string {
  const mixed = (number * 7919 + 4243) % 9973;
  const syllables = ["ba", "ke", "di", "fo", "gu", "la", "me", "ni", "po", "ru"];
  return [...String(mixed).padStart(4, "0")].map((digit) => syllables[Number(digit)]).join("");
}

/** A voice, with a pause after each word; each sample tells which frame it is of. */
function frameOf(number: number): Int16Array<ArrayBuffer> {
  const frame = new Int16Array(FRAME).fill(number);
  if (number % FRAMES_OF_A_WORD > 0) return frame;
  for (let n = 0; n < FRAME; n += 1) frame[n] = n % 2 === 0 ? VOICE + number : -VOICE - number;
  return frame;
}
const VOICE = 4000;
const numberOf = (sample: number) => Math.abs(sample) % VOICE;

/** A service's end of one socket. */
interface Line {
  readonly id: number;
  readonly session: string;
  /** The first frame that is whole. */
  begin: number;
  /** Frames that have arrived. */
  readonly heard: number[];
  /** Frames from the beginning that the provider has taken in. */
  processed: number;
  words: string[];
  deaf: boolean;
  isOpen: boolean;
  isReady: boolean;
  stopped: boolean;
  /** Neither side hears the other any more, and no event says so. */
  isHalf: boolean;
  acked: number;
  drainsAt: number;
}

class World {
  now = 0;
  spoken = 0;
  readonly session: Session;
  readonly lines = new Map<number, Line>();
  readonly log: string[] = [];
  readonly #random: () => number;
  readonly #queue: { at: number; order: number; run: () => void }[] = [];
  #order = 0;
  /** Up to when a new line is answered by nothing or by a refusal. */
  awayUntil = 0;
  isAsleep = false;
  #refusals = 0;
  /** Tries in a row that did not come to anything. */
  inVain = 0;

  constructor(seed: number) {
    this.#random = generator(seed);
    this.session = new Session(
      {},
      {
        hasVoice,
        buffered: () => (this.chance(0.02) ? 64 * 1024 : 0),
        random: () => this.#random(),
      },
      { ...PATIENCE, finish: 120 },
    );
  }

  chance(share: number): boolean {
    return this.#random() < share;
  }

  pick(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from));
  }

  later(ms: number, run: () => void): void {
    this.#order += 1;
    this.#queue.push({ at: this.now + ms, order: this.#order, run });
  }

  give(input: SessionInput): void {
    for (const effect of this.session.handle(input, this.now)) this.#perform(effect);
  }

  /** Moves the clock; a device that sleeps lets nothing happen at this end. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#queue[0];
      const wake = this.isAsleep ? undefined : this.session.wakeAt;
      if (wake !== undefined && wake <= until && (!next || wake < next.at)) {
        this.now = Math.max(this.now, wake);
        this.give({ type: "tick" });
      } else if (next && next.at <= until) {
        this.#queue.shift();
        this.now = Math.max(this.now, next.at);
        next.run();
      } else {
        break;
      }
    }
    this.now = until;
  }

  speak(frames: number): void {
    for (let n = 0; n < frames; n += 1) {
      this.give({ type: "audio", pcm: frameOf(this.spoken) });
      this.spoken += 1;
      this.pass(100);
    }
  }

  #note(what: string): void {
    this.log.push(`${(this.now / 1000).toFixed(1)} ${what}`);
  }

  // The network and the services.

  #perform(effect: Effect): void {
    const { link } = effect;
    switch (effect.type) {
      case "token":
        this.inVain += 1;
        if (this.chance(0.02)) break; // the supplier hangs
        this.later(this.pick(0, 200), () => this.give({ type: "token", link, token: "t" }));
        break;
      case "connect": {
        this.#note(`connect ${link}`);
        this.lines.set(link, {
          id: link,
          session: `session-${link}`,
          begin: 0,
          heard: [],
          processed: 0,
          words: [],
          deaf: false,
          isOpen: true,
          isReady: false,
          stopped: false,
          isHalf: this.chance(0.04),
          acked: 0,
          drainsAt: Number.POSITIVE_INFINITY,
        });
        if (this.now < this.awayUntil) {
          if (this.chance(0.7)) this.later(50, () => this.#cut(link));
          break;
        }
        this.#reach(link, () => this.give({ type: "opened", link }));
        break;
      }
      case "send": {
        const { data } = effect;
        this.#reach(link, () => this.#take(link, data));
        break;
      }
      case "close":
        this.#note(`leave ${link} (${effect.code})`);
        this.lines.delete(link);
        break;
    }
  }

  /** Lets something happen at either end of a line after the network's delay, in order. */
  #reach(link: number, run: () => void): void {
    this.later(50, () => {
      const line = this.lines.get(link);
      if (line?.isOpen && !line.isHalf) run();
    });
  }

  #say(line: Line, message: object): void {
    this.#reach(line.id, () => {
      this.give({ type: "message", link: line.id, message: message as ServerMessage });
    });
  }

  #cut(link: number, code = 1006): void {
    const line = this.lines.get(link);
    if (!line?.isOpen) return;
    this.#note(`cut ${link} (${code})`);
    line.isOpen = false;
    this.later(0, () => {
      if (this.lines.delete(link)) this.give({ type: "closed", link, code });
    });
  }

  #take(link: number, data: string | Int16Array): void {
    const line = this.lines.get(link);
    if (!line) return;
    if (typeof data !== "string") {
      // Of a word that is cut nothing is understood.
      if (line.heard.length === 0) line.begin = numberOf(data.at(-1) as number);
      line.heard.push(numberOf(data[0] as number));
      return;
    }
    const message = JSON.parse(data) as { type: string; resumes?: string };
    if (message.type === "stop") {
      line.stopped = true;
      return;
    }
    this.#replace(message.resumes);
    if (this.#refusals < MOST_REFUSALS && this.chance(0.1)) {
      this.#refusals += 1;
      const [code, more] = REFUSALS[this.#refusals % REFUSALS.length] as (typeof REFUSALS)[number];
      this.#fail(line, code, more);
      return;
    }
    this.later(this.pick(10, 1500), () => {
      if (!line.isOpen) return;
      line.isReady = true;
      this.inVain = 0;
      this.#note(`ready ${link}`);
      const ready = { session_id: line.session, resume_rewind_ms: REWIND_MS, max_seconds: 9999 };
      this.#say(line, { type: "ready", v: 1, model: "m", ...ready });
      this.#work(line);
    });
  }

  /** The place goes over at once; the bridge of the one before learns it by its next heartbeat. */
  #replace(session: string | undefined): void {
    for (const line of this.lines.values()) {
      if (line.session !== session) continue;
      this.later(this.chance(0.5) ? 0 : this.pick(0, 10_000), () =>
        this.#fail(line, "forbidden", { retryable: false }),
      );
    }
  }

  #fail(line: Line, code: string, more: object = {}): void {
    if (!line.isOpen) return;
    this.#note(`fails ${line.id} ${code}`);
    if (line.isReady) this.#final(line, "partial");
    this.#say(line, { type: "error", code, message: "…", retryable: true, ...more });
    line.isReady = false;
    this.later(60, () => this.#cut(line.id, 4000));
  }

  #final(line: Line, status: "partial" | "complete"): void {
    const text = line.words.join(" ");
    const rest = { status, model: "m", audio_seconds: 0, session_id: line.session };
    this.#say(line, { type: "final", text, ...rest });
  }

  /** The provider takes audio in at least twice as fast as it was spoken, and says its words. */
  #work(line: Line): void {
    if (!line.isOpen || !line.isReady) return;
    const { heard } = line;
    if (!line.deaf) line.processed = Math.min(heard.length, line.processed + this.pick(2, 5));
    const first = heard[0] ?? 0;
    const isEnd = line.stopped && line.processed === heard.length;
    while (!line.deaf) {
      const number = Math.ceil(line.begin / FRAMES_OF_A_WORD) + line.words.length;
      const end = (number + 1) * FRAMES_OF_A_WORD - first;
      if (line.processed < (isEnd ? end : end + this.pick(0, LAG))) break;
      line.words.push(word(number));
      this.#say(line, {
        type: "delta",
        text: line.words.length > 1 ? ` ${word(number)}` : word(number),
      });
    }
    if (heard.length > line.acked && this.chance(0.3)) {
      line.acked = heard.length;
      this.#say(line, { type: "ack", audio_ms: line.acked * 100 });
    }
    if (isEnd && !line.deaf) {
      this.#final(line, "complete");
      line.isReady = false;
      this.later(60, () => this.#cut(line.id, line.isHalf ? 1006 : 1000));
      return;
    }
    if (this.now >= line.drainsAt) this.#fail(line, "draining", { retry_after: 0 });
    this.later(100, () => this.#work(line));
  }

  /** One thing that happens in the world. */
  happen(): void {
    const line = [...this.lines.values()].at(this.chance(0.7) ? -1 : 0);
    const what = this.pick(0, 8);
    if (what === 0 && line) this.#cut(line.id, this.chance(0.5) ? 1006 : 1011);
    if (what === 1 && line) {
      this.#note(`half-open ${line.id}`);
      line.isHalf = true;
    }
    if (what === 2 && line?.isReady) {
      const seconds = this.pick(2, 30);
      this.#note(`drain ${line.id} in ${seconds} s`);
      this.#say(line, { type: "notice", code: "draining", deadline_ms: seconds * 1000 });
      line.drainsAt = this.now + seconds * 1000;
    }
    if (what === 3 && line?.isReady) {
      this.#note(`deaf ${line.id}`);
      line.deaf = true;
      const more = this.chance(0.5) ? { retry_after: 0, avoid: "first" } : {};
      this.later(this.pick(0, 20_000), () => this.#fail(line, "provider_unavailable", more));
    }
    if (what === 4 && line?.isReady) this.#fail(line, "internal");
    if (what === 5) {
      this.#note("away");
      this.awayUntil = this.now + this.pick(100, 6000);
    }
    if (what === 6) this.#sleep();
    if (what === 7) {
      this.#note("offline");
      this.give({ type: "online", online: false });
      this.later(this.pick(100, 8000), () => this.give({ type: "online", online: true }));
    }
  }

  /** The lid closes: nothing is spoken, and what the network brings waits. */
  #sleep(): void {
    // One that is shorter than the patience after a stop cannot be told from a slow service.
    const ms =
      !this.session.view.phase.startsWith("fin") && this.chance(0.5)
        ? this.pick(500, 30_000)
        : 600_000;
    this.#note(`sleep ${ms}`);
    this.isAsleep = true;
    const waiting: (() => void)[] = [];
    const give = this.give.bind(this);
    this.give = (input) => void waiting.push(() => give(input));
    if (ms > 60_000)
      this.later(45_000, () => {
        for (const link of this.lines.keys()) this.#cut(link);
      });
    this.pass(ms);
    this.give = give;
    this.isAsleep = false;
    this.#note("wakes");
    // Which comes first, the timer or what the network brought, is the browser's choice.
    if (this.chance(0.5)) this.give({ type: "tick" });
    for (const run of waiting) run();
  }
}

function play(seed: number): World {
  const world = new World(seed);
  world.give({ type: "start" });
  const stops = world.pick(20, 400);
  for (let n = 0; n < 12 && world.spoken < stops; n += 1) {
    world.speak(world.pick(1, 60));
    if (world.chance(0.6)) world.happen();
  }
  world.give({ type: "stop" });
  world.log.push(`${world.now / 1000} stop after ${world.spoken / 10} s`);
  if (world.chance(0.5)) world.happen();
  world.pass(world.pick(0, 3000));
  if (world.chance(0.3)) world.happen();
  world.pass(300_000);
  return world;
}

test(
  `Each word comes once and in order, whatever happens (${RUNS} runs)`,
  () => {
    for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
      const world = play(seed);
      const { phase, text, failure } = world.session.view;
      const count = Math.floor(world.spoken / FRAMES_OF_A_WORD);
      const words = Array.from({ length: count }, (_, number) => word(number)).join(" ");
      const isLeft = world.lines.size > 0 || world.session.wakeAt !== undefined;
      if (phase === "ended" && text === words && !isLeft) continue;
      // It was told, and what was heard before is whole.
      if (phase === "failed" && world.inVain >= TRIES && words.startsWith(text)) continue;
      const log = world.log.join("\n");
      expect.fail(
        `Seed ${seed}: ${phase} (${failure?.code})${isLeft ? ", something is left" : ""}\n${log}\n` +
          `heard:  ${text}\nspoken: ${words}`,
      );
    }
  },
  60_000 + 200 * RUNS,
);
