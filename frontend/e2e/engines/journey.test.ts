/** The main journey in Firefox and in WebKit, on the real services. */
import { expect, test } from "vitest";
import { eventually } from "../support/booth";
import { inEachEngine } from "../support/engines";
import { SHORT_WORDS, wordErrors } from "../support/fixtures";

inEachEngine((scene) => {
  test("words come while speaking, the final pass is right, an edit is cloned", async () => {
    const { stack, visit } = scene;
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
