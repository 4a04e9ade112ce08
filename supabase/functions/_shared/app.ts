/** The routes, and what surrounds them. */

import { lingering } from "./body.ts";
import { postClone } from "./clone.ts";
import { allow, preflight } from "./cors.ts";
import { Failure, unexpected } from "./failure.ts";
import { respond } from "./problem.ts";
import { getConfig } from "./public_config.ts";
import { REQUEST_ID, requestIdOf } from "./request_id.ts";
import type { Call, Services } from "./services.ts";
import { postTranscription } from "./transcriptions.ts";
import { getUsage } from "./account.ts";
import { changeVoice, deleteVoice, getVoice, listVoices } from "./voices.ts";

type Handler = (call: Call, services: Services) => Promise<Response>;
type Methods = Readonly<Record<string, Handler>>;

const ROUTES: readonly (readonly [RegExp, Methods])[] = [
  [/^\/api\/transcriptions$/, { POST: postTranscription }],
  [/^\/api\/clone$/, { POST: postClone }],
  [/^\/api\/voices$/, { GET: listVoices }],
  [/^\/api\/voices\/(?<rest>[^/]+)$/, { GET: getVoice, PATCH: changeVoice, DELETE: deleteVoice }],
  [/^\/api\/usage$/, { GET: getUsage }],
  [/^\/api\/config$/, { GET: getConfig }],
];
/** Where the platform has not taken it off the path already. */
const MOUNT = /^\/functions\/v1(?=\/)/;
const HEADERS = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
};

/** Return the handler of every request. */
export function createApp(services: Services) {
  const { allowedOrigins } = services.settings;
  return async (request: Request, where: Deno.ServeHandlerInfo): Promise<Response> => {
    const requestId = requestIdOf(request);
    let answer: Response;
    try {
      const peer = "hostname" in where.remoteAddr ? where.remoteAddr.hostname : undefined;
      answer = preflight(request, allowedOrigins) ??
        await route({ request, requestId, peer, rest: "" }, services);
    } catch (error) {
      const failure = error instanceof Failure ? error : unexpected("request_failed", error);
      answer = respond(failure, requestId);
    }
    const headers = new Headers(answer.headers);
    for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
    headers.set(REQUEST_ID, requestId);
    allow(headers, request, allowedOrigins);
    answer = new Response(answer.body, { status: answer.status, headers });
    return answer.ok ? answer : lingering(answer, request, 2 * services.maxBodyBytes);
  };
}

async function route(call: Call, services: Services): Promise<Response> {
  const { request, requestId } = call;
  const path = new URL(request.url).pathname.replace(MOUNT, "");
  for (const [pattern, methods] of ROUTES) {
    const match = pattern.exec(path);
    const rest = decoded(match?.groups?.rest ?? "");
    // An encoded slash parts a path as any other does.
    if (match === null || rest.includes("/")) continue;
    const handler = methods[request.method];
    if (handler !== undefined) return await handler({ ...call, rest }, services);
    const failure = new Failure("invalid_message", `${request.method} is not for this address.`);
    const headers = { Allow: Object.keys(methods).join(", ") };
    return respond(failure, requestId, { status: 405, headers });
  }
  throw new Failure("not_found", "There is nothing here.");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
