/** The contract of `/api` on Supabase's own runtime, at `<SUPABASE_URL>/functions/v1/api/…`. */

import { createApp } from "../_shared/app.ts";
import { compose } from "../_shared/services.ts";
import { readSettings } from "../_shared/settings.ts";

Deno.serve(createApp(compose(readSettings((name) => Deno.env.get(name)))));
