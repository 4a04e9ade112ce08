/** What the component needs of the world; `connect` makes it for a page of our own. */
import { MicrophoneSource } from "../audio/microphone";
import type { AudioSource } from "../audio/source";
import { REALTIME_PATH } from "../generated/constants";
import type { PublicConfig } from "../generated/protocol";
import type { Scope } from "../lib/scope";
import type { Readable } from "../lib/store";
import { Account, type AccountState } from "../services/account";
import { fetchConfig } from "../services/api";
import { Api } from "../services/http";
import { SupabaseTakeStorage, type TakeStorage } from "../services/storage";
import type { Socket } from "../session/driver";
import { SignedOutError, type TokenSupplier } from "../session/token";
import { TakeStore } from "../take/take-store";

export interface ReferenceAudioServices {
  readonly config: PublicConfig;
  readonly api: Api;
  /** `ws:` or `wss:` address of the realtime endpoint. */
  readonly realtimeUrl: string;
  /** Opens sockets that take the place of the realtime endpoint's; its own without it. */
  readonly openSocket?: ((url: string) => Socket) | undefined;
  readonly token: TokenSupplier;
  /** Who is signed in, for whom takes are kept and where they are uploaded. */
  readonly account: Readable<AccountState>;
  /** Without it a recording goes along with each call. */
  readonly storage: TakeStorage | undefined;
  /** Without it a take does not outlive the page. */
  readonly store: TakeStore | undefined;
  readonly source: AudioSource;
}

/** The realtime address as a socket takes it: given whole, as a path, or not at all. */
export function resolveRealtimeUrl(configured: string | undefined, page: string): string {
  const url = new URL(configured ?? REALTIME_PATH, page);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

export interface ConnectOptions {
  /** Address before `/api`; the page's own host without it. */
  readonly apiUrl?: string;
  readonly source?: AudioSource;
}

/**
 * Reads the deployment's configuration and sets everything up for it.
 *
 * @throws ApiError when the configuration cannot be read.
 */
export async function connect(
  scope: Scope,
  options: ConnectOptions = {},
): Promise<ReferenceAudioServices & { readonly account: Account }> {
  const base = options.apiUrl ?? "";
  const nobody = new Api(base, () => Promise.reject(new SignedOutError()));
  const config = await fetchConfig(nobody, scope.signal);
  const account = new Account(
    {
      supabaseUrl: config.supabase_url,
      publishableKey: config.supabase_publishable_key,
      allowAnonymous: config.allow_anonymous,
    },
    scope,
  );
  const store = "indexedDB" in globalThis ? new TakeStore() : undefined;
  if (store) scope.add(() => void store.close());
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
    storage: new SupabaseTakeStorage(
      config.supabase_url,
      config.supabase_publishable_key,
      account.token,
    ),
    store,
    source: options.source ?? new MicrophoneSource(),
  };
}
