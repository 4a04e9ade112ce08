/** The scripted cases of a session, which the Python client's state machine runs as well. */
import { expect, test } from "vitest";
import vectors from "../../../tests/vectors/session.json";
import { FRAME_SAMPLES } from "../audio/pcm";
import type { Effect, SessionInput } from "./effects";
import type { Patience } from "./link";
import type { ServerMessage } from "./messages";
import { Session } from "./session";
import { hasVoice } from "./voice";

const { backoff_max, retry_after, ...seconds } = vectors.patience;
const PATIENCE: Patience = { ...seconds, backoffMax: backoff_max, retryAfter: retry_after };
const sessionId = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

type Step = Record<string, unknown> & { at: number; do: string };
type Case = { law: string; jitter?: number; rewind_ms?: number; steps: Step[] };
type Told = [string, number, ...(number | string)[]];

/** Added to the number of a frame that is as loud as a voice. */
const VOICE = 4096;
const plain = (number: number) => new Int16Array(FRAME_SAMPLES).fill(number);
const voiced = (number: number) =>
  plain(VOICE + number).map((sample, n) => (n % 2 ? -sample : sample));

/** Plays one case: what happens goes in, what the session asks for comes out. */
class Player {
  readonly session: Session;
  readonly #rewindMs: number;
  #told: Told[] = [];
  #spoken = 0;
  #now = 0;

  constructor({ jitter = 1, rewind_ms = 1000 }: Case) {
    this.session = new Session({}, { hasVoice, buffered: () => 0, random: () => jitter }, PATIENCE);
    this.#rewindMs = rewind_ms;
  }

  /** Lets one step happen and returns its effects. */
  play(step: Step): Told[] {
    this.#told = [];
    const until = Math.round(step.at * 1000);
    while (step.do !== "sleep") {
      const wake = this.session.wakeAt;
      if (wake === undefined || wake > until) break;
      this.#now = Math.max(this.#now, wake);
      this.#give({ type: "tick" });
    }
    this.#now = until;
    for (const input of this.#inputs(step)) this.#give(input);
    return this.#told;
  }

  #inputs(step: Step): SessionInput[] {
    const link = step.link as number;
    switch (step.do) {
      case "begin":
        return [{ type: "start" }];
      case "speak":
        return Array.from({ length: Math.round((step.seconds as number) * 10) }, () => {
          const pcm = step.voice ? voiced(this.#spoken) : plain(this.#spoken);
          this.#spoken += 1;
          return { type: "audio", pcm };
        });
      case "end":
        return [{ type: "stop" }];
      case "take over":
        return [{ type: "takeOver", sessionId: sessionId(step.session as number) }];
      case "open":
        return [{ type: "opened", link }];
      case "ready": {
        const ready = { session_id: sessionId(link), resume_rewind_ms: this.#rewindMs };
        const message = { type: "ready", v: 1, model: "m", max_seconds: 300, ...ready } as const;
        return [{ type: "message", link, message }];
      }
      case "say":
        return [{ type: "message", link, message: step.message as ServerMessage }];
      case "close":
        return [{ type: "closed", link, code: step.code as number }];
      default:
        return [{ type: "tick" }];
    }
  }

  /** Gives an input, and does what the session asks for until it asks for nothing more. */
  #give(input: SessionInput): void {
    let effects = this.session.handle(input, this.#now);
    while (effects.length > 0) {
      for (const effect of effects) this.#perform(effect);
      effects = this.session.handle({ type: "tick" }, this.#now);
    }
  }

  #perform(effect: Effect): void {
    switch (effect.type) {
      case "token": {
        const { link, refresh } = effect;
        this.#told.push(refresh ? ["open", link, "fresh"] : ["open", link]);
        this.#give({ type: "token", link, token: "token" });
        break;
      }
      case "close":
        this.#told.push(["leave", effect.link]);
        break;
      case "send":
        this.#send(effect.link, effect.data);
        break;
      case "connect":
        break;
    }
  }

  #send(link: number, data: string | Int16Array): void {
    if (typeof data === "string") {
      const { type, resumes, avoid } = JSON.parse(data) as {
        type: string;
        resumes?: string;
        avoid?: string;
      };
      const going = resumes ? [Number(resumes.slice(-12))] : [];
      this.#told.push([type, link, ...going, ...(avoid ? [avoid] : [])]);
      return;
    }
    const number = Math.abs(data[0] as number) % VOICE;
    const spoken = Math.abs(data[0] as number) < VOICE ? plain(number) : voiced(number);
    expect(data.every((sample, n) => sample === spoken[n])).toBe(true);
    const last = this.#told.at(-1);
    if (last?.[0] === "audio" && last[1] === link && last[3] === number / 10) {
      last[3] = (number + 1) / 10;
    } else {
      this.#told.push(["audio", link, number / 10, (number + 1) / 10]);
    }
  }

  /** What a person sees of it. */
  get shown(): Record<string, unknown> {
    const { phase, text, reason, failure } = this.session.view;
    if (phase !== "ended" && phase !== "failed") return { text };
    const unnamed = failure?.code === "unreachable" || failure?.code === "internal";
    return {
      text,
      status: phase === "ended" ? "complete" : "partial",
      ...(reason ? { reason } : {}),
      ...(failure && !unnamed ? { code: failure.code } : {}),
    };
  }
}

test.each(vectors.cases as Case[])("$law", (given) => {
  const player = new Player(given);
  given.steps.forEach((step, number) => {
    expect(player.play(step), `step ${number}`).toEqual(step.then ?? []);
    if (step.shown) expect(player.shown, `step ${number}`).toEqual(step.shown);
  });
});
