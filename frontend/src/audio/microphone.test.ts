// @vitest-environment jsdom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MicrophoneSource } from "./microphone";

const TRACK_RATE = 44_100;

/** As strict as Firefox: closes once, and takes no stream of another rate. */
class FakeContext extends EventTarget {
  static all: FakeContext[] = [];
  readonly sampleRate: number;
  readonly destination = {};
  state = "running";
  closed = 0;

  constructor({ sampleRate = 48_000 }: AudioContextOptions = {}) {
    super();
    this.sampleRate = sampleRate;
    FakeContext.all.push(this);
  }

  async close(): Promise<void> {
    this.closed += 1;
    if (this.closed > 1) throw new DOMException("Can't close an AudioContext twice");
    await Promise.resolve();
    this.state = "closed";
  }

  createMediaStreamSource() {
    if (this.sampleRate !== TRACK_RATE) throw new DOMException("", "NotSupportedError");
    return { connect: () => {}, disconnect: () => {} };
  }

  createScriptProcessor(samples: number) {
    script = { samples, onaudioprocess: null, connect: () => {}, disconnect: () => {} };
    return script;
  }
}

/** The newest script node. */
let script: {
  readonly samples: number;
  onaudioprocess: ((event: object) => void) | null;
  connect(): void;
  disconnect(): void;
};

const track = Object.assign(new EventTarget(), {
  label: "Microphone",
  stopped: 0,
  stop() {
    this.stopped += 1;
  },
  getSettings: (): MediaTrackSettings => ({ sampleRate: TRACK_RATE }),
});
const listener = { block: () => {}, frame: () => {}, lost: () => {}, muted: () => {} };
const rejections: unknown[] = [];
const note = (reason: unknown) => rejections.push(reason);

beforeEach(() => {
  FakeContext.all = [];
  rejections.length = 0;
  process.on("unhandledRejection", note);
  vi.stubGlobal("AudioContext", FakeContext);
  const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
  Object.defineProperty(navigator, "mediaDevices", {
    configurable: true,
    value: { getUserMedia: async () => stream },
  });
});
afterEach(() => {
  process.off("unhandledRejection", note);
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, "mediaDevices");
});

const open = () =>
  new MicrophoneSource({ worklet: false }).open({}, listener, new AbortController().signal);

test("A device of another rate than the context's is opened at its own", async () => {
  const source = await open();
  expect(source.keptRate).toBe(TRACK_RATE);
  expect(FakeContext.all.map(({ sampleRate }) => sampleRate)).toEqual([48_000, TRACK_RATE]);
});

test("Each context is closed once, however a recording ends", async () => {
  vi.spyOn(track, "getSettings").mockReturnValueOnce({});
  await expect(open()).rejects.toThrow();
  const source = await open();
  const closing = source.close();
  track.dispatchEvent(new Event("ended"));
  await closing;
  await source.close();
  await new Promise((resolve) => setImmediate(resolve));
  expect(FakeContext.all.map(({ closed }) => closed)).toEqual([1, 1, 1]);
  expect(rejections).toEqual([]);
});

test("Without a worklet, a stop waits for the block that is being filled, and keeps it", async () => {
  let kept = 0;
  const count = { ...listener, block: (pcm: Int16Array) => (kept += pcm.length) };
  const source = await new MicrophoneSource({ worklet: false }).open(
    {},
    count,
    new AbortController().signal,
  );
  // The page may be busy for a third of a second.
  expect(script.samples).toBe(16_384);
  const heard = () => {
    const inputBuffer = { getChannelData: () => new Float32Array(script.samples) };
    script.onaudioprocess?.({ inputBuffer });
  };
  source.run();
  heard();
  const closing = source.close();
  heard();
  await closing;
  expect(kept).toBe(2 * 16_384);
});

test("A page without https says so before anything is asked for", async () => {
  Reflect.deleteProperty(navigator, "mediaDevices");
  expect(new MicrophoneSource().unavailable).toBe("insecure");
  await expect(open()).rejects.toMatchObject({ fault: "insecure" });
  expect(FakeContext.all).toEqual([]);
});
