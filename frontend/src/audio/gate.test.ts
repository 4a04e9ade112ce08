import { describe, expect, test } from "vitest";
import { PANEL_WORDS } from "../reference-audio/panels/catalogue";
import { verdictWords } from "../reference-audio/verdict-words";
import { Meter } from "../take/meter";
import { isUsable, judgeRoom, judge as judgeTake, type LengthLimits } from "./gate";
import { type Measurement, measure } from "./measure";
import { toInt16 } from "./pcm";

const RATE = 16_000;
const LIMITS = { minSeconds: 3, maxSeconds: 300 };

/** Noise of the given level that is the same in every run. */
function noise(seconds: number, level: number): Int16Array {
  let seed = 1;
  return Int16Array.from({ length: seconds * RATE }, () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.round((seed / 2 ** 30 - 1) * level * Math.sqrt(3) * 32_768);
  });
}

/** Speech as the gate sees it: 0.8 s of sound, 0.2 s of pause, over a noise floor. */
function speech(seconds: number, level: number, floor = 0.0005): Int16Array {
  const pcm = noise(seconds, floor);
  return pcm.map((sample, n) => {
    const voiced = n % RATE < 0.8 * RATE;
    return voiced ? toInt16(sample / 32_768 + Math.sin(n / 8) * level * Math.SQRT2) : sample;
  });
}

const t = PANEL_WORDS.in("en");
const judge = (measured: Measurement, limits: LengthLimits) =>
  judgeTake(measured, limits).map((each) => ({ ...each, sentence: verdictWords(t, each) }));

const verdict = (pcm: Int16Array, aspect: string) =>
  judge(measure([pcm], RATE), LIMITS).find((each) => each.aspect === aspect);

test("A good take is good in every respect", () => {
  const verdicts = judge(measure([speech(15, 0.1)], RATE), LIMITS);
  expect(verdicts.map((each) => each.grade)).toEqual(["good", "good", "good", "good"]);
  expect(isUsable(verdicts)).toBe(true);
});

describe("Length", () => {
  test.each([
    [2.9, "bad", "Too short: 2.9 seconds. At least 3 seconds are needed."],
    [2.999, "bad", "Too short: 2.9 seconds. At least 3 seconds are needed."],
    [3, "fair", "A little short: 3.0 seconds. 10–20 seconds works best."],
    [10, "good", "Good length: 10 seconds."],
    [30, "good", "Good length: 30 seconds."],
    [31, "fair", "Rather long: 31 seconds. 10–20 seconds works best."],
    [300, "fair", "Rather long: 300 seconds. 10–20 seconds works best."],
    [301, "bad", "Too long: 301 seconds. At most 300 seconds fit."],
  ])("%d s is %s", (seconds, grade, sentence) => {
    const measured = { ...measure([speech(15, 0.1)], RATE), seconds };
    expect(judge(measured, LIMITS)[0]).toMatchObject({ aspect: "length", grade, sentence });
  });
});

describe("Level", () => {
  test("silence is told as silence, and nothing else is judged", () => {
    const verdicts = judge(measure([new Int16Array(10 * RATE)], RATE), LIMITS);
    expect(verdicts.map((each) => each.aspect)).toEqual(["length", "level"]);
    expect(verdicts[1]?.sentence).toBe("We hear nothing. Is the microphone muted?");
    expect(isUsable(verdicts)).toBe(false);
  });

  test("speech under -35 dBFS is too quiet", () => {
    expect(verdict(speech(12, 0.01, 0.0001), "level")?.grade).toBe("fair");
    expect(verdict(speech(12, 0.03, 0.0001), "level")?.grade).toBe("good");
  });

  test("a second of exact zeros within speech is a microphone that was muted", () => {
    const pcm = speech(12, 0.1);
    pcm.fill(0, 4 * RATE, 5 * RATE);
    expect(verdict(pcm, "level")?.sentence).toContain("drops out");
  });
});

describe("Clipping", () => {
  test("two samples at full scale are a peak, three are clipping", () => {
    const pcm = speech(12, 0.1);
    pcm.fill(32_767, 1000, 1002);
    expect(measure([pcm], RATE).clippedRuns).toBe(0);
    pcm.fill(-32_768, 1000, 1003);
    expect(measure([pcm], RATE).clippedRuns).toBe(1);
    expect(verdict(pcm, "clipping")?.grade).toBe("fair");
  });

  test("a long run counts once, also across blocks", () => {
    const pcm = new Int16Array(1000).fill(32_767);
    expect(measure([pcm.subarray(0, 501), pcm.subarray(501)], RATE).clippedRuns).toBe(1);
  });

  test("a recording that clips all the time is told to move back", () => {
    expect(verdict(speech(12, 1), "clipping")?.sentence).toContain("Move back");
  });
});

describe("Noise", () => {
  test("a floor over -50 dBFS is noise", () => {
    expect(verdict(speech(12, 0.1, 0.006), "noise")?.sentence).toContain("a fan?");
    expect(verdict(speech(12, 0.1, 0.002), "noise")?.grade).toBe("good");
  });

  test("a voice less than 20 dB over the floor does not stand out", () => {
    expect(verdict(speech(12, 0.015, 0.002), "noise")?.sentence).toContain("hardly stands out");
  });
});

describe("One set of thresholds", () => {
  /** What the meter says in the course of a recording. */
  function words(pcm: Int16Array): Set<string> {
    const meter = new Meter();
    const said = new Set<string>();
    const size = RATE / 20;
    for (let at = 0; at + size <= pcm.length; at += size) {
      const block = Float64Array.from(pcm.subarray(at, at + size), (one) => Math.abs(one) / 32_768);
      const energy = block.reduce((sum, one) => sum + one * one, 0);
      meter.push(Math.max(...block), Math.sqrt(energy / size), 0.05);
      if (at >= RATE) said.add(meter.word); // a voice has been heard by then
    }
    return said;
  }

  test.each([0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.3, 0.6, 0.69, 0.7, 0.75, 1])(
    "What the meter calls good at a level of %d, the verdict calls good",
    (level) => {
      const pcm = speech(12, level, 0.0001);
      const said = [...words(pcm)];
      const grades = ["level", "clipping"].map((aspect) => verdict(pcm, aspect)?.grade ?? "good");
      if (said.includes("good") && said.length === 1) expect(grades).toEqual(["good", "good"]);
      if (grades.includes("fair")) expect(said).not.toContain("good");
    },
  );

  test("a clipped take is not called a good level beside it", () => {
    const sentences = judge(measure([speech(12, 1)], RATE), LIMITS).map((each) =>
      verdictWords(t, each),
    );
    expect(sentences).not.toContain("Good level.");
  });

  test("a room that was called quiet is not noisy after clean speech with short pauses", () => {
    const quiet = noise(1, 0.0005);
    const pcm = Int16Array.from({ length: 12 * RATE }, (_, n) => {
      const voiced = n % RATE < 0.88 * RATE; // pauses shorter than a tenth of the whole
      return voiced ? toInt16(Math.sin(n / 8) * 0.1) : (quiet[n % RATE] as number);
    });
    expect(judgeRoom(measure([quiet], RATE))).toBe("quiet");
    expect(verdict(pcm, "noise")?.sentence).toBe("Quiet room.");
  });
});

test("Silence before and after the speech is measured", () => {
  const pcm = new Int16Array(8 * RATE);
  pcm.set(noise(8, 0.0005));
  pcm.set(speech(5, 0.1), 2 * RATE);
  const measured = measure([pcm], RATE);
  expect(measured.leadingSilence).toBeCloseTo(2, 1);
  expect(measured.trailingSilence).toBeCloseTo(1.2, 1); // its last 0.2 s are a pause
});

test("Blocks or the whole measure the same", () => {
  const pcm = speech(5, 0.1);
  const blocks = Array.from({ length: 50 }, (_, n) => pcm.subarray(n * 1600, (n + 1) * 1600));
  expect(measure(blocks, RATE)).toEqual(measure([pcm], RATE));
});

test("The room is heard even when someone speaks at once", () => {
  expect(judgeRoom(measure([speech(1, 0.1)], RATE))).toBe("quiet");
  expect(judgeRoom(measure([noise(1, 0.02)], RATE))).toBe("noisy");
  expect(judgeRoom(measure([new Int16Array(RATE)], RATE))).toBe("dead");
});
