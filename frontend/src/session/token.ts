/** Access tokens, as a session needs them. */

/**
 * Returns an access token that is valid for at least six minutes, a brand-new one with `refresh`.
 *
 * @throws SignedOutError when nobody is signed in.
 */
export type TokenSupplier = (refresh?: boolean) => Promise<string>;

export class SignedOutError extends Error {
  constructor() {
    super("Nobody is signed in.");
    this.name = "SignedOutError";
  }
}
