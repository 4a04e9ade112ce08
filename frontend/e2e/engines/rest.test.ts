/** What else each engine does in a way of its own: sound, files, storage, dialogs. */
import { expect, test } from "vitest";
import { eventually, makeAccount } from "../support/booth";
import { inEachEngine } from "../support/engines";
import { SHORT, SHORT_WORDS, wordErrors } from "../support/fixtures";

/** What the page has written into the browser's database. */
async function keptTexts(): Promise<string[]> {
  const request = indexedDB.open("utter-takes");
  await new Promise((resolve) => request.addEventListener("success", resolve));
  const all = request.result.transaction("takes").objectStore("takes").getAll();
  await new Promise((resolve) => all.addEventListener("success", resolve));
  request.result.close();
  return (all.result as { transcript: { text: string } }[]).map(
    ({ transcript }) => transcript.text,
  );
}

inEachEngine((scene) => {
  test("the system's microphone is heard, live and in the final pass", async () => {
    const { stack, microphone, visit } = scene;
    const { booth } = visit;
    await booth.open(`${stack.url}/clone`);
    await booth.record();
    await booth.line("Listening");
    microphone.play(SHORT);
    // The sound comes in real time: a machine that is too busy for it loses some.
    const few = SHORT_WORDS.length / 2;
    await eventually(
      () => booth.liveWords(),
      (words) => expect(wordErrors(SHORT_WORDS, words)).toBeLessThan(few),
    );
    await booth.stop();
    await booth.status("Final");
    expect(wordErrors(SHORT_WORDS, await booth.heard())).toBeLessThan(few);
    await booth.clone("From the microphone");
    expect(await visit.complaints()).toEqual([]);
  });

  test("a reload in mid-recording has kept the take", async () => {
    const { stack, visit } = scene;
    const { booth } = visit;
    await booth.open(`${stack.url}/clone?loopback=/fixtures/short.wav`);
    await booth.record();
    await booth.recorded(4);
    await booth.reload();
    await booth.see("This was kept in your browser");
    await booth.press("Transcribe");
    await booth.status("Final");
    await booth.clone("Kept");
    expect(await visit.complaints()).toEqual([]);
  });

  test("a file and its words are there after a reload, also in a private window", async () => {
    const { stack, visit } = scene;
    const { booth } = visit;
    await booth.open(`${stack.url}/clone`);
    await booth.choose(SHORT, true);
    await booth.status("Final");
    expect(wordErrors(SHORT_WORDS, await booth.heard())).toBe(0);
    await booth.add("!");
    await booth.status("Edited by you");
    // What is typed is written a moment after it.
    await eventually(
      () => visit.evaluate(keptTexts),
      (texts) => expect(texts.join()).toContain("!"),
    );
    await booth.reload();
    await booth.see("This was kept in your browser");
    await booth.clone("Uploaded");
    expect(await visit.complaints()).toEqual([]);
  });

  test("someone who signs in has voices of their own", async () => {
    const { stack, visit } = scene;
    const { booth } = visit;
    const person = await makeAccount(stack);
    await booth.open(`${stack.url}/clone`);
    await booth.signIn(person);
    await booth.see("The voices that you clone are listed here.");
    expect(await visit.complaints()).toEqual([]);
  });
});
