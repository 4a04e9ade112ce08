/** Who is signed in, by Supabase Auth. */
import {
  AuthClient,
  isAuthApiError,
  isAuthSessionMissingError,
  type Session,
} from "@supabase/auth-js";
import { LIMITS } from "../generated/constants";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { SignedOutError, type TokenSupplier } from "../session/token";

export type AccountState =
  | { readonly status: "loading" }
  /** `ended`: somebody was signed in on this page before, so nobody else is signed in unasked. */
  | { readonly status: "out"; readonly ended: boolean }
  | {
      readonly status: "in";
      readonly userId: string;
      readonly email: string | undefined;
      readonly isAnonymous: boolean;
    };

export interface AccountOptions {
  readonly supabaseUrl: string;
  readonly publishableKey: string;
  /** Whoever has no account is signed in without one when a token is first needed. */
  readonly allowAnonymous: boolean;
}

/** The client retries for half a minute; a recording's words are not to wait for that. */
const RENEWAL_PATIENCE_MS = 3000;

const STORAGE_KEY = "utter-auth";

/** Whether somebody was signed in when the page was last open. */
function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== null;
  } catch {
    return false; // SecurityError: this page may store nothing.
  }
}

/** Auth says no, and would say it again; busy (429) or broken (5xx) is something else. */
function isSignedOut(error: unknown): boolean {
  if (isAuthSessionMissingError(error)) return true;
  return isAuthApiError(error) && error.status >= 400 && error.status < 429;
}

function describe(session: Session): AccountState {
  const { id, email, is_anonymous } = session.user;
  return {
    status: "in",
    userId: id,
    email: email || undefined,
    isAnonymous: is_anonymous ?? false,
  };
}

export class Account implements Readable<AccountState> {
  readonly #auth: InstanceType<typeof AuthClient>;
  readonly #allowAnonymous: boolean;
  readonly #store = new Store<AccountState>({ status: "loading" });
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;
  readonly #scope: Scope;
  readonly #returning = wasSignedIn();
  #signingIn: Promise<Session> | undefined;

  constructor(options: AccountOptions, parent: Scope) {
    this.#scope = new Scope(parent);
    this.#allowAnonymous = options.allowAnonymous;
    this.#auth = new AuthClient({
      url: `${options.supabaseUrl.replace(/\/$/, "")}/auth/v1`,
      headers: {
        apikey: options.publishableKey,
        Authorization: `Bearer ${options.publishableKey}`,
      },
      storageKey: STORAGE_KEY,
      detectSessionInUrl: true,
      flowType: "pkce",
    });
    const { data } = this.#auth.onAuthStateChange((_, session) => this.#take(session));
    this.#scope.add(() => {
      data.subscription.unsubscribe();
      void this.#auth.stopAutoRefresh();
    });
  }

  #take(session: Session | null): void {
    const before = this.#store.getSnapshot();
    if (!session) {
      if (before.status === "out") return;
      this.#store.set({ status: "out", ended: before.status === "in" || this.#returning });
      return;
    }
    const next = describe(session);
    if (JSON.stringify(next) !== JSON.stringify(before)) this.#store.set(next);
  }

  /** @see TokenSupplier */
  readonly token: TokenSupplier = async (refresh = false) => {
    const { data, error } = await this.#auth.getSession();
    if (!data.session && error) throw this.#toFailure(error);
    const session = data.session ?? (await this.#anonymous());
    const left = (session.expires_at ?? 0) - Date.now() / 1000;
    if (!refresh && left >= LIMITS.token_refresh_seconds) return session.access_token;
    const renewal = this.#auth.refreshSession();
    // While Auth is away, what is left of the old token does; it is not waited for till the end.
    const renewed = await (refresh || left <= 0 ? renewal : this.#briefly(renewal));
    if (renewed?.data.session) return renewed.data.session.access_token;
    if (!refresh && left > 0) return session.access_token;
    throw this.#toFailure(renewed?.error);
  };

  async #briefly<T>(promise: Promise<T>): Promise<T | undefined> {
    const scope = new Scope(this.#scope);
    const timeout = new Promise<undefined>((resolve) => {
      scope.after(RENEWAL_PATIENCE_MS, () => resolve(undefined));
      scope.add(() => resolve(undefined));
    });
    const result = await Promise.race([promise, timeout]);
    scope.dispose();
    return result;
  }

  /** A refusal ends the sign-in; a token that cannot be renewed for now is still somebody's. */
  #toFailure(error: unknown): unknown {
    if (error && !isSignedOut(error)) return error;
    this.#store.set({ status: "out", ended: true });
    return new SignedOutError();
  }

  async #anonymous(): Promise<Session> {
    const state = this.#store.getSnapshot();
    const first = state.status === "loading" || (state.status === "out" && !state.ended);
    if (!this.#allowAnonymous || !first) throw new SignedOutError();
    this.#signingIn ??= this.#signInAnonymously().finally(() => {
      this.#signingIn = undefined;
    });
    return this.#signingIn;
  }

  async #signInAnonymously(): Promise<Session> {
    const { data, error } = await this.#auth.signInAnonymously();
    if (!data.session) throw error ?? new SignedOutError();
    this.#take(data.session);
    return data.session;
  }

  async continueAnonymously(): Promise<void> {
    await this.#signInAnonymously();
  }

  /** @throws AuthError, with words for a person. */
  async signIn(email: string, password: string): Promise<void> {
    const { error } = await this.#auth.signInWithPassword({ email, password });
    if (error) throw error;
  }

  /** @returns Whether the person must first confirm the address. */
  async signUp(email: string, password: string): Promise<{ confirm: boolean }> {
    const { data, error } = await this.#auth.signUp({ email, password });
    if (error) throw error;
    return { confirm: !data.session };
  }

  async signOut(): Promise<void> {
    await this.#auth.signOut({ scope: "local" });
  }
}
