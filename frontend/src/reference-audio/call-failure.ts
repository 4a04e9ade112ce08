/** Why a call failed, as data; `problems.ts` has the words. */
import type { ErrorCode } from "../generated/protocol";
import { ApiError } from "../services/http";
import { SignedOutError, SignInError } from "../session/token";

export interface CallFailure {
  readonly code: ErrorCode | "unreachable" | "signed_out" | "sign_in_failed";
  readonly detail: string;
  /** When it may succeed, as milliseconds since 1970. */
  readonly retryAt: number | undefined;
}

export function toCallFailure(error: unknown): CallFailure {
  if (error instanceof SignedOutError) {
    return { code: "signed_out", detail: error.message, retryAt: undefined };
  }
  if (error instanceof SignInError) {
    return { code: "sign_in_failed", detail: error.message, retryAt: undefined };
  }
  if (error instanceof ApiError) {
    const { code, message, retryAfter } = error;
    const retryAt = retryAfter === undefined ? undefined : Date.now() + retryAfter * 1000;
    return { code, detail: message, retryAt };
  }
  return { code: "unreachable", detail: "The server cannot be reached.", retryAt: undefined };
}
