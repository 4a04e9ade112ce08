/** Puts `Capture` into an audio graph: as a worklet, or as a script node where there is none. */
import type { CaptureCommand, CaptureMessage } from "./capture";
import { MAX_KEPT_RATE } from "./pcm";
import type { AudioListener } from "./source";
import { workletUrl } from "./worklet";

/**
 * Seconds that a script node's block may last, and the most samples that it takes. A block that the
 * page has no time for before the next is full is lost, so blocks are as long as pressing stop allows.
 */
const SCRIPT_SECONDS = 0.4;
const SCRIPT_SAMPLES = 16_384;

/** A node of the graph and the wire to the `Capture` behind it. */
interface CaptureNode {
  readonly node: AudioNode;
  send(command: CaptureCommand): void;
  release(): void;
}

async function workletNode(
  context: AudioContext,
  keptRate: number,
  receive: (message: CaptureMessage) => void,
): Promise<CaptureNode> {
  await context.audioWorklet.addModule(workletUrl());
  const node = new AudioWorkletNode(context, "utter-capture", {
    numberOfInputs: 1,
    numberOfOutputs: 1,
    // A device may report stereo whatever was asked for: the graph mixes it down.
    channelCount: 1,
    channelCountMode: "explicit",
    processorOptions: { keptRate },
  });
  node.port.onmessage = (event: MessageEvent<CaptureMessage>) => receive(event.data);
  return {
    node,
    send: (command) => node.port.postMessage(command),
    release: () => node.port.close(),
  };
}

/** Deprecated, and the only way where a page may not load worklets. */
async function scriptNode(
  context: AudioContext,
  keptRate: number,
  receive: (message: CaptureMessage) => void,
): Promise<CaptureNode> {
  const { Capture } = await import("./capture"); // the worklet has its own
  const capture = new Capture({ inputRate: context.sampleRate, keptRate }, receive);
  const power = Math.floor(Math.log2(SCRIPT_SECONDS * context.sampleRate));
  const node = context.createScriptProcessor(Math.min(SCRIPT_SAMPLES, 2 ** power), 1, 1);
  let flows = false;
  let ends = false;
  node.onaudioprocess = (event) => {
    capture.push(event.inputBuffer.getChannelData(0));
    if (ends) capture.command("flush");
    ends = false;
  };
  return {
    node,
    send: (command) => {
      // What was said last is in the block that is being filled: a flush waits for it.
      ends = command === "flush" && flows && context.state === "running";
      flows = command === "run";
      if (!ends) capture.command(command);
    },
    release: () => {
      node.onaudioprocess = null;
    },
  };
}

async function captureNode(
  context: AudioContext,
  keptRate: number,
  receive: (message: CaptureMessage) => void,
  worklet: boolean,
): Promise<CaptureNode> {
  if (worklet && "audioWorklet" in context) {
    try {
      return await workletNode(context, keptRate, receive);
    } catch (error) {
      // A page's policy may forbid worklets (AbortError); a closed context is no reason to go on.
      if (context.state === "closed") throw error;
    }
  }
  return scriptNode(context, keptRate, receive);
}

/** Taps a graph's node; what flows there reaches the listener while the tap runs. */
export async function tap(
  context: AudioContext,
  input: AudioNode,
  listener: AudioListener,
  options: { keptRate?: number | undefined; worklet?: boolean },
) {
  const keptRate = options.keptRate ?? Math.min(context.sampleRate, MAX_KEPT_RATE);
  let flushed: (() => void)[] = [];
  const receive = (message: CaptureMessage) => {
    switch (message.type) {
      case "block":
        listener.block(message.pcm, message.peak, message.rms);
        break;
      case "frame":
        listener.frame(message.pcm);
        break;
      case "flushed":
        flushed.shift()?.(); // of the flush that was asked for first: more may come before the next
        break;
    }
  };
  const capture = await captureNode(context, keptRate, receive, options.worklet ?? true);
  input.connect(capture.node);
  // A node without a way to the speakers may not be run; its output is silence.
  capture.node.connect(context.destination);
  return {
    keptRate,
    run: () => capture.send("run"),
    pause: () =>
      new Promise<void>((resolve) => {
        flushed.push(resolve);
        capture.send("flush");
      }),
    release: () => {
      for (const resolve of flushed) resolve();
      flushed = [];
      input.disconnect(capture.node);
      capture.node.disconnect();
      capture.release();
    },
  };
}
