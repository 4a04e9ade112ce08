/** What the component needs of the world; `connect` makes it for a page. */
import { MicrophoneSource } from "../audio/microphone";
import type { AudioSource } from "../audio/source";
import type { Scope } from "../lib/scope";
import type { Account } from "../services/account";
import { connectLive, type LiveOptions, type LiveServices } from "../services/live";
import { SupabaseTakeStorage, type TakeStorage } from "../services/storage";
import type { TokenSupplier } from "../session/token";
import { TakeStore } from "../take/take-store";

export interface ReferenceAudioServices extends LiveServices {
  /** Without it a recording goes along with each call. */
  readonly storage: TakeStorage | undefined;
  /** Without it a take does not outlive the page. */
  readonly store: TakeStore | undefined;
  readonly source: AudioSource;
}

export interface ConnectOptions extends LiveOptions {
  readonly source?: AudioSource | undefined;
}

/**
 * Reads the deployment's configuration and sets everything up for it.
 *
 * @throws ApiError when the configuration cannot be read.
 */
export async function connect(
  scope: Scope,
  options: ConnectOptions & { readonly token: TokenSupplier },
): Promise<ReferenceAudioServices>;
export async function connect(
  scope: Scope,
  options?: ConnectOptions,
): Promise<ReferenceAudioServices & { readonly account: Account }>;
export async function connect(
  scope: Scope,
  options: ConnectOptions = {},
): Promise<ReferenceAudioServices> {
  const live = await connectLive(scope, options);
  const store = "indexedDB" in globalThis ? new TakeStore() : undefined;
  if (store) scope.add(() => void store.close());
  const { supabase_url, supabase_publishable_key } = live.config;
  return {
    ...live,
    storage: new SupabaseTakeStorage(supabase_url, supabase_publishable_key, live.token),
    store,
    source: options.source ?? new MicrophoneSource(),
  };
}
