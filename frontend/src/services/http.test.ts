import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SignedOutError } from "../session/token";
import { Api } from "./http";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

let base: string;
let handler: Handler;
let close: () => void;
beforeEach(async () => {
  const server = createServer((request, response) => handler(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => server.close();
});
afterEach(() => close());

const problem = (status: number, code: string, more: object = {}): Handler => {
  return (_, response) => {
    response.writeHead(status, { "Content-Type": "application/problem+json" });
    response.end(JSON.stringify({ status, code, detail: "Words.", retryable: false, ...more }));
  };
};

test("A call carries the token, its JSON and its key, and gives the answer back", async () => {
  let seen: IncomingMessage | undefined;
  handler = (request, response) => {
    seen = request;
    response.end('{"text":"hello"}');
  };
  const api = new Api(`${base}/`, async () => "token");
  const answer = await api.call("/transcriptions", {
    method: "POST",
    json: { a: 1 },
    idempotencyKey: "key",
  });
  expect(answer).toEqual({ text: "hello" });
  expect(seen?.url).toBe("/api/transcriptions");
  expect(seen?.headers).toMatchObject({
    authorization: "Bearer token",
    "content-type": "application/json",
    "idempotency-key": "key",
  });
});

test("A call that anybody may make asks for no token", async () => {
  const token = vi.fn();
  handler = (request, response) => {
    response.end(JSON.stringify({ authorization: request.headers.authorization ?? null }));
  };
  expect(await new Api(base, token).open("/config")).toEqual({ authorization: null });
  expect(token).not.toHaveBeenCalled();
});

test("A problem tells which of the person's own sessions hold the place", async () => {
  handler = problem(429, "session_limit", { retryable: true, open_sessions: ["s"] });
  const call = new Api(base, async () => "t").call("/transcriptions/realtime-token");
  await expect(call).rejects.toMatchObject({ code: "session_limit", openSessions: ["s"] });
});

test("A problem document becomes an error with its code, words and wait", async () => {
  handler = problem(429, "quota_exceeded", { retry_after: 60 });
  await expect(new Api(base, async () => "t").call("/usage")).rejects.toMatchObject({
    code: "quota_exceeded",
    message: "Words.",
    retryable: false,
    retryAfter: 60,
  });
});

test("An answer of a proxy that is no problem document is still told as data", async () => {
  handler = (_, response) => {
    response.writeHead(502).end("<html>Bad gateway</html>");
  };
  await expect(new Api(base, async () => "t").call("/usage")).rejects.toMatchObject({
    code: "internal",
    retryable: true,
  });
});

test("No answer at all is unreachable", async () => {
  handler = (request) => request.socket.destroy();
  await expect(new Api(base, async () => "t").call("/usage")).rejects.toMatchObject({
    code: "unreachable",
    retryable: true,
  });
});

test("An expired token is replaced once, by a fresh one", async () => {
  const tokens: string[] = [];
  handler = (request, response) => {
    tokens.push(request.headers.authorization ?? "");
    if (tokens.length === 1) problem(401, "token_expired")(request, response);
    else response.end("{}");
  };
  await new Api(base, async (refresh) => (refresh ? "fresh" : "stale")).call("/usage");
  expect(tokens).toEqual(["Bearer stale", "Bearer fresh"]);
  handler = problem(401, "token_expired");
  await expect(new Api(base, async () => "t").call("/usage")).rejects.toMatchObject({
    code: "token_expired",
  });
});

test("A token that is refused means that nobody is signed in", async () => {
  handler = problem(401, "unauthenticated");
  await expect(new Api(base, async () => "t").call("/usage")).rejects.toThrow(SignedOutError);
});

test("An aborted call rejects with the reason of its abort", async () => {
  handler = () => {};
  const controller = new AbortController();
  const call = new Api(base, async () => "t").call("/usage", { signal: controller.signal });
  controller.abort();
  await expect(call).rejects.toMatchObject({ name: "AbortError" });
});
