/**
 * Receipts: what shows that this service heard a text in a recording.
 *
 * What was heard by whom in which file, under a signature (HMAC, RFC 2104). The Python service reads
 * these, and this one reads that one's.
 */

import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { LIMITS } from "./generated/constants.ts";
import type { Coverage } from "./generated/protocol.ts";
import { sha256 } from "./idempotency.ts";
import { clean } from "./text.ts";

const PURPOSE = "utter-transcribe receipt v1";

export interface Heard {
  /** Who asked. */
  readonly userId: string;
  /** Of the file; hexadecimal digits. */
  readonly audioSha256: string;
  /** As it was heard. */
  readonly text: string;
}

interface Told {
  readonly user: string;
  readonly audio: string;
  readonly text: string;
}

/** Makes and reads receipts. */
export class Receipts {
  readonly #key: Uint8Array;

  /** @param secret Of the deployment. */
  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update(PURPOSE).digest();
  }

  /** Return a receipt; undefined for a text that no voice can have beside its own. */
  issue(heard: Heard): string | undefined {
    const told = toldOf(heard);
    if (told === undefined) return undefined;
    const content = Buffer.from(JSON.stringify(told)).toString("base64url");
    return `${content}.${this.#signature(content)}`;
  }

  /** Return the coverage that a receipt tells; undefined where it does not show this. */
  read(receipt: string, heard: Heard): Coverage[] | undefined {
    const [content = "", signature = ""] = receipt.split(".");
    const [expected, given] = [Buffer.from(this.#signature(content)), Buffer.from(signature)];
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const { coverage = [], ...told } = JSON.parse(Buffer.from(content, "base64url").toString());
    const expectedTold = toldOf(heard);
    const isSame = expectedTold !== undefined && told.user === expectedTold.user &&
      told.audio === expectedTold.audio && told.text === expectedTold.text;
    return isSame ? coverage : undefined;
  }

  #signature(content: string): string {
    return createHmac("sha256", this.#key).update(content).digest("base64url");
  }
}

function toldOf({ userId, audioSha256, text }: Heard): Told | undefined {
  let kept: string;
  try {
    kept = clean(text);
  } catch {
    return undefined;
  }
  if ([...kept].length > LIMITS.max_transcript_characters) return undefined;
  const digest = sha256(new TextEncoder().encode(kept));
  return { user: userId, audio: audioSha256, text: digest };
}
