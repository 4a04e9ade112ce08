/**
 * The ledger in Postgres: seconds and money are reserved before the work and settled after it.
 *
 * Postgres decides (`supabase/migrations`), so that workers of any number and kind agree.
 */

import { inBackground, pause } from "./background.ts";
import type { Caller } from "./caller.ts";
import { type Code, Failure, ledgerUnavailable } from "./failure.ts";
import type { OpenSession, Usage, UsageOfKind } from "./generated/protocol.ts";
import { alarm, warn } from "./log.ts";
import type { Rpc } from "./rpc.ts";
import { inUtc } from "./voice_table.ts";

export type Outcome = "complete" | "partial" | "failed";

/** How long a settlement that the ledger did not take is tried again; then its lease ends it. */
const SETTLE_SECONDS = 60;
/** After this a call that was given up can no longer arrive in the database. */
const ANSWER_SECONDS = 20;
const PROVIDER = "mistral";
const REFUSALS: readonly Code[] = [
  "quota_exceeded",
  "budget_exceeded",
  "capacity",
  "session_limit",
];

interface Refusal {
  readonly code?: Code;
  readonly reason?: string;
  readonly retry_after?: number | null;
  readonly open_sessions?: string[];
}

/** What a transcription is settled with. */
export interface Close {
  readonly seconds: number;
  readonly status: Outcome;
  readonly reason?: string;
}

export class Ledger {
  constructor(private readonly rpc: Rpc) {}

  /**
   * Reserve a file's seconds and a place, and return the name of the reservation.
   *
   * @throws {Failure} the ledger's refusal, or `ledger_unavailable`.
   */
  async open(
    caller: Caller,
    { model, seconds, leaseSeconds }: { model: string; seconds: number; leaseSeconds: number },
  ): Promise<string> {
    const id = sessionId();
    let answer: unknown;
    try {
      answer = await this.rpc.call("open_transcription", {
        session_id: id,
        user_id: caller.user.id,
        kind: "batch",
        provider: PROVIDER,
        model,
        requested_seconds: seconds,
        minimum_seconds: seconds,
        lease_seconds: leaseSeconds,
        is_anonymous: caller.user.isAnonymous,
        address: caller.address,
        replaces: null,
      });
    } catch (error) {
      // It may have been reserved, or be about to, and will not be used.
      const nothing: Close = { seconds: 0, status: "failed", reason: "unanswered" };
      inBackground(this.settle(id, nothing, performance.now() + ANSWER_SECONDS * 1000));
      throw error;
    }
    const refused = answer as Refusal;
    if (refused.code === undefined) return id;
    throw refusal(refused);
  }

  /**
   * Settle a reservation with what it used; the rest returns.
   *
   * Never fails: undefined means that the ledger is away and is asked again in the background.
   *
   * @returns the cost in micro-dollars.
   */
  async close(id: string, close: Close): Promise<number | undefined> {
    try {
      return await this.tell(id, close);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      inBackground(this.settle(id, close));
      return undefined;
    }
  }

  /** Return what a user has used today, and may. */
  async usage(caller: Caller): Promise<Usage> {
    const answer = await this.rpc.call("usage_today", {
      user_id: caller.user.id,
      is_anonymous: caller.user.isAnonymous,
    }) as Usage;
    return {
      realtime: ofKind(answer.realtime),
      batch: ofKind(answer.batch),
      cost_microdollars: answer.cost_microdollars,
      open_sessions: (answer.open_sessions as OpenSession[]).map((one) => ({
        session_id: one.session_id,
        kind: one.kind,
        opened_at: inUtc(one.opened_at),
      })),
      max_open_sessions: answer.max_open_sessions,
      resets_at: inUtc(answer.resets_at),
    };
  }

  private async tell(id: string, close: Close): Promise<number | undefined> {
    const answer = await this.rpc.call("close_transcription", {
      session_id: id,
      audio_seconds: close.seconds,
      status: close.status,
      reason: close.reason ?? null,
    }) as { code?: string; cost_microdollars?: number };
    return answer.code === undefined ? answer.cost_microdollars : undefined;
  }

  /**
   * Ask again until the ledger has taken a settlement.
   *
   * @param opensUntil Until when a reservation without an answer may still arrive.
   */
  private async settle(id: string, close: Close, opensUntil = 0): Promise<void> {
    const until = performance.now() + SETTLE_SECONDS * 1000;
    for (let wait = 0.5; performance.now() < until; wait = Math.min(2 * wait, 10)) {
      await pause(wait * (0.5 + Math.random() / 2));
      try {
        const known = await this.tell(id, close) !== undefined;
        if (known || performance.now() > opensUntil) return;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
    warn("settlement_left_to_its_lease", { session_id: id });
  }
}

/** A new UUID of version 7 (RFC 9562): names that rise with time lie together in every index. */
export function sessionId(now = Date.now()): string {
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${crypto.randomUUID().slice(15)}`;
}

/** What the database's functions answer to a banned or deleted account. */
export function ofAccount({ code, reason }: Pick<Refusal, "code" | "reason">): Failure | undefined {
  if (reason === "suspended") return new Failure("forbidden", "This account is suspended.");
  if (code === "unauthenticated") return new Failure(code, "The account is gone.");
  return undefined;
}

function refusal(refused: Refusal): Failure {
  const { code, retry_after, open_sessions } = refused;
  const account = ofAccount(refused);
  if (account !== undefined) return account;
  if (code === "forbidden") return new Failure("forbidden", "Your plan does not include this.");
  if (code !== undefined && REFUSALS.includes(code)) {
    return new Failure(code, undefined, {
      retryAfter: retry_after ?? undefined,
      openSessions: open_sessions ?? [],
    });
  }
  alarm("ledger_answer_not_understood", { code: String(code) });
  return ledgerUnavailable();
}

function ofKind(kind: UsageOfKind): UsageOfKind {
  const { used_seconds, reserved_seconds, limit_seconds, cost_microdollars } = kind;
  const own_key_seconds = kind.own_key_seconds ?? 0;
  return { used_seconds, reserved_seconds, limit_seconds, cost_microdollars, own_key_seconds };
}
