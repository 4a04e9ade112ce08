/** What a person reads of a sign-in that failed. */
/** What Supabase Auth's codes mean to the person who signs in, in English, and what has no code. */
export const MESSAGES: Readonly<Record<string, string>> = {
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
