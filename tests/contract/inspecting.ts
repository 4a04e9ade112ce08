/** Inspects files with the Edge Function's own code: a file's length and bytes in, a line out. */

import { inspect } from "../../supabase/functions/_shared/audio.ts";
import { Failure } from "../../supabase/functions/_shared/failure.ts";

const LIMITS = { minAudioSeconds: 3, maxAudioSeconds: 300 };

async function told(file: Uint8Array<ArrayBuffer>): Promise<unknown> {
  try {
    const { mime, seconds } = await inspect(file, LIMITS);
    return { mime, seconds };
  } catch (error) {
    if (error instanceof Failure) return { refused: error.code, message: error.message };
    throw error;
  }
}

const input = Deno.stdin.readable.getReader({ mode: "byob" });

async function read(bytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (bytes === 0) return new Uint8Array();
  const { value, done } = await input.read(new Uint8Array(bytes), { min: bytes });
  return done ? undefined : value;
}

for (let size = await read(4); size !== undefined; size = await read(4)) {
  const file = await read(new DataView(size.buffer, size.byteOffset).getUint32(0));
  if (file === undefined) break;
  // What is not understood is logged on the way.
  console.log("=", JSON.stringify(await told(file)));
}
