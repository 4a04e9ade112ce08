/** Flushes of an audio graph: each is answered, in order. */
import { expect, test, vi } from "vitest";
import type { CaptureMessage } from "./capture";
import { tap } from "./capture-node";

const listener = { block: () => {}, frame: () => {}, lost: () => {}, muted: () => {} };

test("A flush waits for its own answer, not for that of the flush before it", async () => {
  const port: {
    onmessage?: (event: { data: CaptureMessage }) => void;
    postMessage: () => void;
    close: () => void;
  } = { postMessage: () => {}, close: () => {} };
  vi.stubGlobal(
    "AudioWorkletNode",
    class {
      port = port;
      connect(): void {}
      disconnect(): void {}
    },
  );
  const context = { audioWorklet: { addModule: async () => {} }, sampleRate: 48_000 };
  const input = { connect: () => {}, disconnect: () => {} };
  const made = await tap(
    context as unknown as AudioContext,
    input as unknown as AudioNode,
    listener,
    {},
  );
  const ended: string[] = [];
  const pausing = made.pause().then(() => ended.push("first"));
  made.run();
  const stopping = made.pause().then(() => ended.push("second"));
  port.onmessage?.({ data: { type: "flushed" } });
  await pausing;
  expect(ended).toEqual(["first"]);
  port.onmessage?.({ data: { type: "flushed" } });
  await stopping;
  expect(ended).toEqual(["first", "second"]);
  vi.unstubAllGlobals();
});
