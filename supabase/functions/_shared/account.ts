/** `GET /api/usage`: a caller's seconds and cost today, and their limits. */

import type { Call, Services } from "./services.ts";

export async function getUsage(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  return Response.json(await services.ledger.usage(caller));
}
