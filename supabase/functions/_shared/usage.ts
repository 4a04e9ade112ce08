/** `GET /api/usage`: today's seconds and cost, and the limits. */

import type { Call, Services } from "./services.ts";

export async function getUsage(call: Call, services: Services): Promise<Response> {
  const caller = await services.callerOf(call);
  return Response.json(await services.ledger.usage(caller));
}
