/** Why a sign-in failed, in words for a person. */
import { SignInError } from "../session/token";

/** What Supabase Auth's codes mean to the person who signs in, in English, and what has no code. */
const MESSAGES: Readonly<Record<string, string>> = {
  anonymous_provider_disabled: "Going on without an account is switched off here. Sign in.",
  away: "The sign-in service does not answer as it should. Try again in a moment.",
  busy: "There are too many sign-ins just now. Wait a minute, then try again.",
  captcha_failed:
    "The sign-in service asks for a captcha that this page cannot show. Tell the people who run it.",
  email_address_invalid: "This email address cannot be used.",
  email_exists: "There is an account with this email. Sign in with it.",
  email_not_confirmed: "Follow the link that we sent to your address, then sign in.",
  invalid_credentials: "The email or the password is wrong.",
  over_email_send_rate_limit: "Too many emails were sent just now. Wait a few minutes.",
  refused: "The sign-in service refused. Try again, or sign in with another account.",
  same_password: "This is the password that you have.",
  signup_disabled: "New accounts are switched off here.",
  user_already_exists: "There is an account with this email. Sign in with it.",
  user_banned: "This account is suspended.",
  weak_password: "This password is too easy to guess. Use a longer one.",
};

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

/** The words are ours: what a firewall or a parser says helps nobody. */
export function toSignInError(error: unknown): SignInError {
  if (error instanceof SignInError) return error;
  const { name, status, code } = (error ?? {}) as AuthFault;
  const fail = (reason: string, retryable: boolean) =>
    new SignInError(MESSAGES[reason] ?? reason, retryable, { cause: error, reason });
  if (code !== undefined && Object.hasOwn(MESSAGES, code)) return fail(code, false);
  if (status === 429) return fail("busy", true);
  const answered = name === "AuthApiError" || name === "AuthWeakPasswordError";
  return answered && (status ?? 500) < 500 ? fail("refused", false) : fail("away", true);
}
