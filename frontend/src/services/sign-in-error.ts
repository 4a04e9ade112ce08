/** Why a sign-in failed, in words for a person. */
import { SignInError } from "../session/token";

interface AuthFault {
  readonly name?: string;
  /** Of the answer; 0 where none came. */
  readonly status?: number;
  readonly code?: string;
}

/** Auth says no, and would say it again; busy (429) or broken (5xx) is something else. */
export function isSignedOut(error: unknown): boolean {
  const { name, status = 0 } = (error ?? {}) as AuthFault;
  if (name === "AuthSessionMissingError") return true;
  return name === "AuthApiError" && status >= 400 && status < 429;
}

/** Our own words: what a firewall or a parser says helps no one. They load when one is needed. */
export async function toSignInError(error: unknown): Promise<SignInError> {
  if (error instanceof SignInError) return error;
  const found = await import("../errors/words/en").catch(() => undefined); // the line may be down
  const words: Readonly<Record<string, string>> = found?.words ?? {};
  const { name, status, code } = (error ?? {}) as AuthFault;
  const wordsOf = (reason: string) =>
    words[`signIn.${reason === "user_already_exists" ? "email_exists" : reason}`];
  const fail = (reason: string, retryable: boolean) =>
    new SignInError(wordsOf(reason) ?? "The sign-in failed.", retryable, { cause: error, reason });
  if (code !== undefined && wordsOf(code) !== undefined) return fail(code, false);
  if (status === 429) return fail("busy", true);
  const answered = name === "AuthApiError" || name === "AuthWeakPasswordError";
  return answered && (status ?? 500) < 500 ? fail("refused", false) : fail("away", true);
}
