// Prints the words of a recording while it plays: node examples/node/live.mjs recording.wav
// The WAV is 16-bit mono at 16 kHz, as the wire wants it. Node 20 or newer; `npm ci` beside it first.
import { open } from "node:fs/promises";
import { argv, env, exit } from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";

const FRAME_BYTES = 3200; // 100 ms
const WAV_HEADER_BYTES = 44;

async function signIn() {
  const answer = await fetch(`${env.SUPABASE_URL}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: env.SUPABASE_PUBLISHABLE_KEY, "Content-Type": "application/json" },
    body: "{}",
  });
  if (!answer.ok) throw new Error(`Signing in failed: ${answer.status}`);
  return (await answer.json()).access_token;
}

async function speak(socket, path) {
  const file = await open(path);
  const begun = performance.now();
  let frames = 0;
  for await (const frame of file.createReadStream({
    start: WAV_HEADER_BYTES,
    highWaterMark: FRAME_BYTES,
  })) {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(frame);
    frames += 1;
    await sleep(begun + frames * 100 - performance.now());
  }
  socket.send(JSON.stringify({ type: "stop" }));
}

const [path] = argv.slice(2);
const address = env.UTTER_REALTIME_URL ?? "ws://127.0.0.1:8790";
const url = new URL("/api/transcriptions/realtime", address.replace(/^http/, "ws"));
const socket = new WebSocket(url, {
  headers: { Authorization: `Bearer ${await signIn()}` },
  perMessageDeflate: false,
});
let text = "";

socket.on("open", () => {
  const audio_format = { encoding: "pcm_s16le", sample_rate: 16000 };
  socket.send(JSON.stringify({ type: "start", v: 1, audio_format }));
});
socket.on("message", (data) => {
  const message = JSON.parse(data.toString());
  if (message.type === "ready") speak(socket, path).catch(fail);
  if (message.type === "delta") console.log((text += message.text));
  if (message.type === "final") console.log(message.status, message.text);
  if (message.type === "error") fail(new Error(`${message.code}: ${message.message}`));
});
socket.on("error", fail);
socket.on("close", (code) => exit(code === 1000 ? 0 : 1));

function fail(error) {
  console.error(error.message);
  exit(1);
}
