/** Access tokens, as a session needs them. */

/**
 * Returns an access token that is valid for at least six minutes, a brand-new one with `refresh`.
 *
 * @throws SignedOutError when nobody is signed in; SignInError when a sign-in failed.
 */
export type TokenSupplier = (refresh?: boolean) => Promise<string>;

export class SignedOutError extends Error {
  constructor() {
    super("Nobody is signed in.");
    this.name = "SignedOutError";
  }
}

/** A sign-in that failed; the message is for a person, in English. */
export class SignInError extends Error {
  /** Whether the same may succeed in a moment. */
  readonly retryable: boolean;
  /** Why, as a name: a code of Supabase Auth, or `busy`, `away`, `refused`. */
  readonly reason: string | undefined;

  constructor(
    message: string,
    retryable: boolean,
    options: ErrorOptions & { readonly reason?: string } = {},
  ) {
    super(message, options);
    this.name = "SignInError";
    this.retryable = retryable;
    this.reason = options.reason;
  }
}
