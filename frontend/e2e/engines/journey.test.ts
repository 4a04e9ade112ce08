/** The main journey in Firefox and in WebKit, on the real services. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/booth";
import { ENGINES_HERE, type Visit } from "../support/engines";
import { SHORT_WORDS, wordErrors } from "../support/fixtures";
import { type Stack, startStack } from "../support/stack";
import { VirtualMicrophone } from "../support/virtual-microphone";

let stack: Stack;
let microphone: VirtualMicrophone;
beforeAll(async () => {
  [stack, microphone] = await Promise.all([startStack(), VirtualMicrophone.start()]);
});
afterAll(async () => {
  await stack?.close();
  await microphone?.close();
});

describe.each(ENGINES_HERE)("$name", (engine) => {
  let visit: Visit;
  beforeAll(async () => {
    visit = await engine.visit(microphone.env);
  });
  afterAll(async () => {
    await visit?.close();
  });

  test("words come while speaking, the final pass is right, an edit is cloned", async () => {
    const { booth } = visit;
    await booth.open(`${stack.url}/clone?loopback=/fixtures/short.wav`);
    await booth.record();
    await eventually(
      () => booth.liveWords(),
      (words) => expect(wordErrors(SHORT_WORDS, words)).toBeLessThanOrEqual(3),
    );
    await booth.recorded(4);
    await booth.stop();
    await booth.status("Final");
    expect(wordErrors(SHORT_WORDS, await booth.heard())).toBeLessThanOrEqual(1);
    await booth.add("!");
    await booth.status("Edited by you");
    await booth.clone("Spoken");
    expect(await visit.complaints()).toEqual([]);
  });
});
