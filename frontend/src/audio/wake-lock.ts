/** Keeps the screen on while recording, where the browser can. */
import type { Scope } from "../lib/scope";

/** Holds the lock until the scope ends; asks again when the page comes back into view. */
export function keepAwake(scope: Scope): void {
  if (!("wakeLock" in navigator)) return;
  let sentinel: WakeLockSentinel | undefined;
  const request = async () => {
    if (document.visibilityState !== "visible") return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      if (scope.disposed) void lock.release();
      else sentinel = lock;
    } catch {
      // Refused on a low battery (NotAllowedError): recording goes on without it.
    }
  };
  scope.listen(document, "visibilitychange", () => void request());
  scope.add(() => void sentinel?.release());
  void request();
}
