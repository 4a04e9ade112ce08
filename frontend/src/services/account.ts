/** Who is signed in, by Supabase Auth. Its client is loaded once there is someone to sign in. */
import type { AuthClient, Session } from "@supabase/auth-js";
import { LIMITS } from "../generated/constants";
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";
import { SignedOutError, type TokenSupplier } from "../session/token";
import { isSignedOut, toSignInError } from "./sign-in-error";

export type AccountState =
  | { readonly status: "loading" }
  | {
      readonly status: "out";
      /** Someone was signed in on this page before, so no one else is signed in unasked. */
      readonly ended: boolean;
      /** Where the person has signed out: on this page, or on another; else it ended by itself. */
      readonly left?: "here" | "elsewhere";
    }
  | {
      readonly status: "in";
      readonly userId: string;
      readonly email: string | undefined;
      readonly isAnonymous: boolean;
    };

export interface AccountOptions {
  readonly supabaseUrl: string;
  readonly publishableKey: string;
  /** Anyone who has no account is signed in without one when a token is first needed. */
  readonly allowAnonymous: boolean;
}

type Client = InstanceType<typeof AuthClient>;

/** The client retries for half a minute; a recording's words are not to wait for that. */
const RENEWAL_PATIENCE_MS = 3000;
/** Seconds by which a session may seem to outlive itself, for the time that an answer takes. */
const CLOCK_SLACK = 60;

const STORAGE_KEY = "utter-auth";

/** Whether someone was signed in when the page was last open. */
function wasSignedIn(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== null;
  } catch {
    return false; // SecurityError: this page may store nothing.
  }
}

/** Whether a link of Auth's, such as a confirmation, has led here. */
const isCallback = () => /[?&#](code|access_token|error_description)=/.test(location.href);

/**
 * `fetch` that leaves a session's end to be told from its length: this device's clock, by which
 * the end is compared, may be hours from the server's.
 */
const byOwnClock: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  const copy = response.clone();
  const body = (await copy.json().catch(() => undefined)) as Partial<Session> | undefined;
  if (!response.ok || typeof body?.expires_in !== "number") return response;
  const { expires_at: _, ...session } = body;
  return new Response(JSON.stringify(session), { status: response.status });
};

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
  readonly #options: AccountOptions;
  readonly #store = new Store<AccountState>({ status: "loading" });
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;
  readonly #scope: Scope;
  /** A link to a new password has led here: it is to be chosen now. */
  readonly recovering: Readable<boolean>;
  readonly #recovering = new Store(false);
  readonly #returning = wasSignedIn();
  #client: Promise<Client> | undefined;
  #signingIn: Promise<Session> | undefined;
  /** Tokens that are being asked for: a sign-in that ends meanwhile has ended by itself. */
  #asking = 0;
  #leaving = false;

  constructor(options: AccountOptions, parent: Scope) {
    this.#options = options;
    this.recovering = this.#recovering;
    this.#scope = new Scope(parent);
    if (this.#returning || isCallback()) {
      this.#auth().catch(() => {}); // asked again with the first token
    } else {
      this.#store.set({ status: "out", ended: false });
    }
  }

  /** @throws SignInError when the client cannot be loaded. */
  async #auth(): Promise<Client> {
    this.#client ??= this.#open();
    try {
      return await this.#client;
    } catch (error) {
      this.#client = undefined;
      throw await toSignInError(error);
    }
  }

  async #open(): Promise<Client> {
    const { AuthClient } = await import("@supabase/auth-js");
    const { supabaseUrl, publishableKey } = this.#options;
    const client = new AuthClient({
      url: `${supabaseUrl.replace(/\/$/, "")}/auth/v1`,
      headers: { apikey: publishableKey, Authorization: `Bearer ${publishableKey}` },
      storageKey: STORAGE_KEY,
      // `token` renews what it gives; a page that needs none renews none.
      autoRefreshToken: false,
      detectSessionInUrl: true,
      flowType: "pkce",
      fetch: byOwnClock,
    });
    const { data } = client.onAuthStateChange((event, session) => {
      this.#take(session);
      if (event === "PASSWORD_RECOVERY") this.#recovering.set(true);
    });
    this.#scope.add(() => data.subscription.unsubscribe());
    return client;
  }

  #take(session: Session | null): void {
    const before = this.#store.getSnapshot();
    if (!session) {
      if (before.status === "out") return;
      const byItself = before.status !== "in" || this.#asking > 0;
      const left = this.#leaving ? "here" : byItself ? undefined : "elsewhere";
      this.#store.set({
        status: "out",
        ended: before.status === "in" || this.#returning,
        ...(left ? { left } : {}),
      });
      return;
    }
    const next = describe(session);
    if (JSON.stringify(next) !== JSON.stringify(before)) this.#store.set(next);
  }

  /** @see TokenSupplier */
  readonly token: TokenSupplier = async (refresh = false) => {
    this.#asking += 1;
    try {
      return await this.#token(refresh);
    } finally {
      this.#asking -= 1;
    }
  };

  async #token(refresh: boolean): Promise<string> {
    const auth = await this.#auth();
    const { data, error } = await auth.getSession();
    if (!data.session && error) throw await this.#toFailure(error);
    const session = data.session ?? (await this.#anonymous());
    const left = (session.expires_at ?? 0) - Date.now() / 1000;
    // A clock that was put back makes a session last longer than it does.
    const isTimed = left <= session.expires_in + CLOCK_SLACK;
    if (!refresh && isTimed && left >= LIMITS.token_refresh_seconds) return session.access_token;
    const renewal = auth.refreshSession();
    // While Auth is away, what is left of the old token does; it is not waited for till the end.
    const renewed = await (refresh || left <= 0 ? renewal : this.#briefly(renewal));
    if (renewed?.data.session) return renewed.data.session.access_token;
    if (!refresh && left > 0) return session.access_token;
    throw await this.#toFailure(renewed?.error);
  }

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

  /** A refusal ends the sign-in; a token that cannot be renewed for now is still someone's. */
  async #toFailure(error: unknown): Promise<Error> {
    if (error && !isSignedOut(error)) return await toSignInError(error);
    this.#store.set({ status: "out", ended: true });
    return new SignedOutError();
  }

  async #anonymous(): Promise<Session> {
    const state = this.#store.getSnapshot();
    const first = state.status === "loading" || (state.status === "out" && !state.ended);
    if (!this.#options.allowAnonymous || !first) throw new SignedOutError();
    this.#signingIn ??= this.#signInAnonymously().finally(() => {
      this.#signingIn = undefined;
    });
    return this.#signingIn;
  }

  async #signInAnonymously(): Promise<Session> {
    const { data, error } = await (await this.#auth()).signInAnonymously();
    if (!data.session) throw await toSignInError(error);
    this.#take(data.session);
    return data.session;
  }

  /** @throws SignInError */
  async continueAnonymously(): Promise<void> {
    await this.#signInAnonymously();
  }

  /** @throws SignInError */
  async signIn(email: string, password: string): Promise<void> {
    const { error } = await (await this.#auth()).signInWithPassword({ email, password });
    if (error) throw await toSignInError(error);
  }

  /**
   * Makes an account. An anonymous person keeps the id, and so the voices.
   *
   * @returns Whether the person must first confirm the address.
   * @throws SignInError
   */
  async signUp(email: string, password: string): Promise<{ confirm: boolean }> {
    const auth = await this.#auth();
    const state = this.#store.getSnapshot();
    if (state.status === "in" && state.isAnonymous) return this.#link(auth, email, password);
    const { data, error } = await auth.signUp({ email, password });
    if (error) throw await toSignInError(error);
    return { confirm: !data.session };
  }

  async #link(auth: Client, email: string, password: string): Promise<{ confirm: boolean }> {
    await this.token(); // one that is good for the call
    const { data, error } = await auth.updateUser({ email, password });
    if (error) throw await toSignInError(error);
    if (data.user.is_anonymous) return { confirm: true };
    await auth.refreshSession(); // the token at hand still says "anonymous"
    return { confirm: false };
  }

  /**
   * Sends a link with which a new password can be chosen, if there is such an account.
   *
   * @throws SignInError
   */
  async resetPassword(email: string): Promise<void> {
    const redirectTo = `${location.origin}${location.pathname}`;
    const { error } = await (await this.#auth()).resetPasswordForEmail(email, { redirectTo });
    if (error) throw await toSignInError(error);
  }

  /** @throws SignInError */
  async changePassword(password: string): Promise<void> {
    const { error } = await (await this.#auth()).updateUser({ password });
    if (error) throw await toSignInError(error);
    this.#recovering.set(false);
  }

  /** Leaves the old password as it is. */
  keepPassword(): void {
    this.#recovering.set(false);
  }

  /** Signs out here, also where Auth cannot be reached. */
  async signOut(): Promise<void> {
    this.#leaving = true;
    try {
      const { error } = await (await this.#auth()).signOut({ scope: "local" });
      if (!error) return;
      localStorage.removeItem(STORAGE_KEY);
      this.#take(null);
    } finally {
      this.#leaving = false;
    }
  }
}
