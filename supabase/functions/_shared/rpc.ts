/**
 * Calls of the database's own functions, with the secret key.
 *
 * Every function that is called here may be called twice with the same arguments, so a call that
 * a dying connection swallowed is simply made again.
 */

import { backendUnavailable, Failure } from "./failure.ts";
import { alarm } from "./log.ts";
import { jsonOf, type Supabase } from "./supabase.ts";

const ATTEMPTS = 2;
/** For a whole call, its second attempt included. */
const SECONDS = 5;

/** The functions of one project's schema `public`. */
export class Rpc {
  /** @param unavailable Makes the failure of a call that got no answer. */
  constructor(
    private readonly supabase: Supabase,
    private readonly unavailable: () => Failure = backendUnavailable,
  ) {}

  /**
   * Call a function and return its JSON.
   *
   * @throws {Failure} `unavailable`: no answer came in time, or an error did.
   */
  async call(name: string, given: Record<string, unknown>): Promise<unknown> {
    const until = performance.now() + SECONDS * 1000;
    for (let attempt = 1;; attempt++) {
      try {
        const response = await this.supabase.ask(`/rest/v1/rpc/${name}`, {
          method: "POST",
          headers: { ...this.supabase.asService(), "Content-Type": "application/json" },
          body: JSON.stringify(given),
          seconds: (until - performance.now()) / 1000,
        });
        const answer = await jsonOf(response);
        if (response.ok) return answer;
        // Its code is an SQLSTATE or PostgREST's own; its text may quote values.
        alarm("rpc_failed", { function: name, status: response.status });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (attempt < ATTEMPTS && until - performance.now() > 100) continue;
      }
      throw this.unavailable();
    }
  }
}
