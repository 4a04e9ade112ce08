/** Where the capture worklet is fetched from. */
import { fileUrl } from "./worklet-url";

let chosen: string | undefined;

/**
 * Fetches the worklet from this address from now on. A page whose content policy refuses `blob:`
 * scripts serves the package's `capture.worklet.js` itself and names it here.
 */
export function setWorkletUrl(url: string | URL): void {
  chosen = String(url);
}

export const workletUrl = (): string => chosen ?? fileUrl();
