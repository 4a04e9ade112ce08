/** Who is signed in, where the page around has the tokens. */
import type { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { SignedOutError, type TokenSupplier } from "../session/token";
import type { AccountState } from "./account";

/** The claims of a token that the service, not we, will verify (RFC 7519, section 3). */
function claims(token: string): Readonly<Record<string, unknown>> {
  const [, payload = ""] = token.split(".");
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (one) =>
      one.charCodeAt(0),
    );
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function describe(token: string): AccountState {
  const { sub, email, is_anonymous } = claims(token);
  if (typeof sub !== "string") return { status: "out", ended: false };
  return {
    status: "in",
    userId: sub,
    email: typeof email === "string" && email ? email : undefined,
    isAnonymous: is_anonymous === true,
  };
}

export class TokenHolder implements Readable<AccountState> {
  readonly #ask: TokenSupplier;
  readonly #scope: Scope;
  readonly #store = new Store<AccountState>({ status: "loading" });
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;

  constructor(token: TokenSupplier, scope: Scope) {
    this.#ask = token;
    this.#scope = scope;
    // Who it is decides which takes are restored; a failure shows at the first call.
    this.token().catch(() => {});
  }

  /** @see TokenSupplier */
  readonly token: TokenSupplier = async (refresh = false) => {
    try {
      const token = await this.#ask(refresh);
      this.#take(describe(token));
      return token;
    } catch (error) {
      if (error instanceof SignedOutError) this.#take({ status: "out", ended: true });
      throw error;
    }
  };

  #take(state: AccountState): void {
    const same = JSON.stringify(state) === JSON.stringify(this.#store.getSnapshot());
    if (!same && !this.#scope.disposed) this.#store.set(state);
  }
}
