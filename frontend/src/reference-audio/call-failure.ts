/** Why a call failed, as data; `problems.ts` has the words. */
import type { ErrorCode } from "../generated/protocol";
import { ApiError } from "../services/http";
import { SignedOutError, SignInError } from "../session/token";

export interface CallFailure {
  readonly code: ErrorCode | "unreachable" | "signed_out" | "sign_in_failed";
  /** For a person, in English. */
  readonly detail: string;
  /** Of a sign-in that failed. */
  readonly reason?: string | undefined;
  /** When it may succeed, as milliseconds since 1970. */
  readonly retryAt: number | undefined;
}

export function toCallFailure(error: unknown): CallFailure {
  if (error instanceof SignedOutError) {
    return { code: "signed_out", detail: error.message, retryAt: undefined };
  }
  if (error instanceof SignInError) {
    const { message: detail, reason } = error;
    return { code: "sign_in_failed", detail, reason, retryAt: undefined };
  }
  if (error instanceof ApiError) {
    const { code, message, retryAfter } = error;
    const retryAt = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
    return { code, detail: message, retryAt };
  }
  const detail = "The server cannot be reached.";
  return { code: "unreachable", detail, retryAt: undefined };
}
