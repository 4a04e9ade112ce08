/** What live words need of the world: where the service is, and who asks. */
import { REALTIME_PATH } from "../generated/constants";
import type { PublicConfig } from "../generated/protocol";
import type { Scope } from "../lib/scope";
import type { Readable } from "../lib/store";
import type { Socket } from "../session/driver";
import { SignedOutError, type TokenSupplier } from "../session/token";
import type { Account, AccountState } from "./account";
import { fetchConfig } from "./api";
import { Api } from "./http";

export interface LiveServices {
  readonly config: PublicConfig;
  readonly api: Api;
  /** `ws:` or `wss:` address of the realtime endpoint. */
  readonly realtimeUrl: string;
  /** Opens sockets that take the place of the realtime endpoint's; its own without it. */
  readonly openSocket?: ((url: string) => Socket) | undefined;
  readonly token: TokenSupplier;
  /** Who is signed in. */
  readonly account: Readable<AccountState>;
}

export interface LiveOptions {
  /** Address before `/api`; the page's own host without it. */
  readonly apiUrl?: string | undefined;
  /**
   * Gives your page's Supabase access token. Without it people are signed in here: anonymously,
   * where the deployment allows that.
   */
  readonly token?: TokenSupplier | undefined;
}

/** The realtime address as a socket takes it: given whole, as a path, or not at all. */
export function resolveRealtimeUrl(configured: string | undefined, page: string): string {
  const url = new URL(configured ?? REALTIME_PATH, page);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/**
 * Reads the deployment's configuration and says how to reach its live words.
 *
 * @throws ApiError when the configuration cannot be read.
 */
export async function connectLive(
  scope: Scope,
  options: LiveOptions & { readonly token: TokenSupplier },
): Promise<LiveServices>;
export async function connectLive(
  scope: Scope,
  options?: LiveOptions,
): Promise<LiveServices & { readonly account: Account }>;
export async function connectLive(scope: Scope, options: LiveOptions = {}): Promise<LiveServices> {
  const base = options.apiUrl ?? "";
  const nobody = new Api(base, () => Promise.reject(new SignedOutError()));
  // Who is signed in is loaded beside the configuration, and only what it takes to know.
  const { token } = options;
  const known = token ? undefined : import("./account");
  known?.catch(() => {}); // awaited below, once the configuration is there
  const config = await fetchConfig(nobody, scope.signal);
  const account = token
    ? new (await import("./token-holder")).TokenHolder(token, scope)
    : new (await (known ?? import("./account"))).Account(
        {
          supabaseUrl: config.supabase_url,
          publishableKey: config.supabase_publishable_key,
          allowAnonymous: config.allow_anonymous,
        },
        scope,
      );
  const api = new Api(base, account.token);
  // Few deployments need it, so that the others do not load it.
  const direct =
    config.realtime_mode === "direct" ? await import("../session/direct/direct-socket") : undefined;
  return {
    config,
    account,
    api,
    openSocket: direct?.directSockets(api),
    realtimeUrl: resolveRealtimeUrl(config.realtime_url, new URL(base, location.href).href),
    token: account.token,
  };
}
