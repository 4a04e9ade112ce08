/** What our own API offers for a person's own key: apart, for most people bring none. */
import type { OwnKey, OwnKeyRequest } from "../generated/protocol";
import type { Api } from "./http";

export const fetchOwnKey = (api: Api, signal?: AbortSignal): Promise<OwnKey> =>
  api.call("/provider-key", { signal });

export function storeOwnKey(api: Api, key: string, signal?: AbortSignal): Promise<OwnKey> {
  const json: OwnKeyRequest = { key };
  return api.call("/provider-key", { method: "PUT", json, signal });
}

export const testOwnKey = (api: Api, signal?: AbortSignal): Promise<OwnKey> =>
  api.call("/provider-key/test", { method: "POST", signal });

export const deleteOwnKey = (api: Api, signal?: AbortSignal): Promise<void> =>
  api.call("/provider-key", { method: "DELETE", signal });
