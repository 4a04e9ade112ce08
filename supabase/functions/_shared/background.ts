/** Work that outlives its request. */

interface Runtime {
  waitUntil(work: Promise<unknown>): void;
}

/** Let a job run on when its answer was sent; the platform keeps the worker alive for it. */
export function inBackground(work: Promise<unknown>): void {
  const runtime = (globalThis as { EdgeRuntime?: Runtime }).EdgeRuntime;
  runtime?.waitUntil(work);
}

export function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
