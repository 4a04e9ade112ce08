// The smallest relay that does the bridge's work on each frame: base64 and JSON, both ways.
// No tokens, no quota, no limits, no acks, no metrics, no deadlines.
import { WebSocket, WebSocketServer } from "ws";

const upstreamUrl = `${process.env.PROVIDER_URL.replace("http", "ws")}/v1/audio/transcriptions/realtime?model=${process.env.MODEL}`;
const headers = { Authorization: "Bearer bench" };
const options = { headers, perMessageDeflate: false };
const format = { audio_format: { encoding: "pcm_s16le", sample_rate: 16000 } };

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("listening", () => console.log(JSON.stringify({ port: server.address().port })));
server.on("connection", (client) => {
  const tell = (message) => client.send(JSON.stringify(message));
  const upstream = new WebSocket(upstreamUrl, options);
  const ask = (message) => upstream.send(JSON.stringify(message));
  client.on("message", (data, isBinary) => {
    if (isBinary) return ask({ type: "input_audio.append", audio: data.toString("base64") });
    if (JSON.parse(data).type !== "stop") return;
    ask({ type: "input_audio.flush" });
    ask({ type: "input_audio.end" });
  });
  upstream.on("message", (data) => {
    const event = JSON.parse(data);
    if (event.type === "transcription.text.delta") tell({ type: "delta", text: event.text });
    else if (event.type === "session.created") {
      ask({ type: "session.update", session: format });
      tell({ type: "ready", v: 1 });
    } else if (event.type === "transcription.done") {
      tell({ type: "final", text: event.text, status: "complete" });
      client.close(1000);
    }
  });
  client.on("close", () => upstream.close());
  upstream.on("close", () => client.close());
  client.on("error", () => upstream.terminate());
  upstream.on("error", () => client.terminate());
});
