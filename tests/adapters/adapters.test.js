// The adapters with the packages that they are for, against the whole product.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LocalRuntimeCore } from "@assistant-ui/core/internal";
import { experimental_transcribe as transcribe } from "ai";

const { LIBRARY, SAMPLE, WORDS, UTTER_API_URL, SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY } =
  process.env;
const { utterTranscription } = await import(`${LIBRARY}/ai-sdk.js`);
const { utterDictation } = await import(`${LIBRARY}/assistant-ui.js`);

// What a browser has and Node has not.
globalThis.window ??= new EventTarget();
globalThis.document ??= new EventTarget();
globalThis.navigator ??= { onLine: true };
globalThis.location ??= new URL(UTTER_API_URL);

const letters = (text) => text.toLowerCase().replace(/[^\p{L}]/gu, "");

async function token() {
  const answer = await fetch(`${SUPABASE_URL}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: SUPABASE_PUBLISHABLE_KEY, "Content-Type": "application/json" },
    body: "{}",
  });
  assert.equal(answer.status, 200);
  const { access_token } = await answer.json();
  return async () => access_token;
}

/** A microphone that hears a WAV file of 16 kHz, in real time, and then silence. */
function hears(file) {
  const samples = new Int16Array(readFileSync(file).buffer.slice(44));
  return {
    async open(_, listener) {
      let at = 0;
      let timer;
      const open = {
        keptRate: 16_000,
        label: "file",
        run() {
          timer = setInterval(() => {
            const frame = new Int16Array(1600);
            frame.set(samples.subarray(at, at + 1600));
            at += 1600;
            listener.frame(frame);
          }, 100);
        },
        async pause() {
          clearInterval(timer);
        },
        close: () => open.pause(),
      };
      return open;
    },
  };
}

async function until(isTrue) {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 50));
}

test("the AI SDK transcribes a file by our endpoint", { timeout: 30_000 }, async () => {
  const model = utterTranscription({ apiUrl: UTTER_API_URL, token: await token() });
  const audio = readFileSync(SAMPLE);
  const heard = await transcribe({ model, audio });
  assert.equal(letters(heard.text), letters(WORDS));
  assert.ok(heard.segments.length > 0);
  assert.ok(Math.abs(heard.durationInSeconds - 4.85) < 0.01);
  assert.deepEqual(
    heard.segments.filter(({ startSecond, endSecond }) => !(startSecond < endSecond)),
    [],
  );
});

test("the AI SDK is told what is wrong, and takes its call back", { timeout: 30_000 }, async () => {
  const model = utterTranscription({ apiUrl: UTTER_API_URL, token: await token() });
  const refused = transcribe({ model, audio: new Uint8Array(5000), maxRetries: 0 });
  await assert.rejects(
    refused,
    (error) => error.code === "invalid_audio" || error.code === "unsupported_audio",
  );
  const abortSignal = AbortSignal.abort();
  await assert.rejects(
    transcribe({ model, audio: readFileSync(SAMPLE), abortSignal, maxRetries: 0 }),
  );
});

function composer(adapter) {
  const adapters = { chatModel: { run: async () => ({ content: [] }) }, dictation: adapter };
  return new LocalRuntimeCore({ adapters }, undefined).threads.getMainThreadRuntimeCore().composer;
}

test("assistant-ui's composer gets words behind its own, each once", {
  timeout: 60_000,
}, async () => {
  const field = composer(
    utterDictation({
      apiUrl: UTTER_API_URL,
      token: await token(),
      language: "en",
      source: hears(SAMPLE),
    }),
  );
  field.setText("Note:");
  field.startDictation();
  await until(() => field.text.split(" ").length > 4);
  assert.ok(field.text.startsWith("Note: "));
  await until(() => letters(field.text).endsWith(letters(WORDS).slice(-6)));
  field.stopDictation();
  await until(() => !field.dictation);
  assert.equal(letters(field.text), letters(`Note:${WORDS}`));
});

test("what is typed meanwhile stays", { timeout: 60_000 }, async () => {
  const field = composer(
    utterDictation({
      apiUrl: UTTER_API_URL,
      token: await token(),
      language: "en",
      source: hears(SAMPLE),
    }),
  );
  field.startDictation();
  await until(() => field.text.split(" ").length > 2);
  field.setText("Mine.");
  await until(() => letters(field.text).endsWith(letters(WORDS).slice(-6)));
  field.stopDictation();
  await until(() => !field.dictation);
  assert.ok(field.text.startsWith("Mine. "), field.text);
});

test("a microphone that cannot be opened ends the dictation", { timeout: 30_000 }, async () => {
  const source = { open: async () => Promise.reject(new Error("none")) };
  const field = composer(utterDictation({ apiUrl: UTTER_API_URL, token: await token(), source }));
  field.setText("Mine");
  field.startDictation();
  await until(() => !field.dictation);
  assert.equal(field.text, "Mine");
});
