/**
 * Settings of the functions, from the environment: Supabase's own variables, and the project's
 * secrets. Names are those of `.env.example` where the Python services know them too; a secret
 * must not begin with `SUPABASE_`.
 */

import { LIMITS, PRESETS } from "./generated/constants.ts";
import { checkedKey, checkedOrigin, checkedPublishable, checkedSecret, pasted } from "./pasted.ts";

/** What the environment says. */
export type Settings = Readonly<ReturnType<typeof readSettings>>;

const TRUE = new Set(["1", "true", "t", "yes", "y", "on"]);
const FALSE = new Set(["0", "false", "f", "no", "n", "off"]);

/**
 * Read the settings.
 *
 * @throws {Error} naming every variable that is missing or wrong.
 */
export function readSettings(env: (name: string) => string | undefined) {
  const reader = new Reader(env);
  const supabaseUrl = reader.url("SUPABASE_URL");
  const publicSupabaseUrl = reader.url("PUBLIC_SUPABASE_URL", supabaseUrl);
  const transcribeModel = reader.text("MISTRAL_TRANSCRIBE_MODEL") ?? "voxtral-mini-2602";
  const settings = {
    supabaseUrl,
    /** Where browsers reach Supabase. */
    publicSupabaseUrl,
    publishableKey: reader.key(
      "SUPABASE_PUBLISHABLE_KEYS",
      "SUPABASE_ANON_KEY",
      checkedPublishable,
    ),
    secretKey: reader.key("SUPABASE_SECRET_KEYS", "SUPABASE_SERVICE_ROLE_KEY", checkedSecret),
    /** `iss` of the tokens that are accepted. */
    issuer: reader.text("JWT_ISSUER") ?? `${publicSupabaseUrl}/auth/v1`,
    /** Shared secret of projects that still sign HS256; without it HS256 is refused. */
    jwtSecret: reader.text("JWT_SECRET"),
    allowAnonymous: reader.flag("ALLOW_ANONYMOUS", true),
    allowedOrigins: reader.origins("ALLOWED_ORIGINS", [
      "http://127.0.0.1:5173",
      "http://localhost:5173",
    ]),
    /** Proxies before the function, whose `X-Forwarded-For` is believed. */
    trustedProxyHops: reader.number("TRUSTED_PROXY_HOPS", 0, { least: 0, whole: true }),
    transcriptionEnabled: reader.flag("TRANSCRIPTION_ENABLED", true),
    realtimeEnabled: reader.flag("REALTIME_ENABLED", true),
    finalPassEnabled: reader.flag("FINAL_PASS_ENABLED", true),
    mistralApiKey: reader.text("MISTRAL_API_KEY", checkedKey),
    mistralServerUrl: reader.url("MISTRAL_SERVER_URL", "https://api.mistral.ai"),
    transcribeModel,
    realtimeModel: reader.text("MISTRAL_REALTIME_MODEL") ??
      "voxtral-mini-transcribe-realtime-2602",
    /** Models that a caller may name. */
    fileModels: new Set([transcribeModel, ...reader.names("ALLOWED_MODELS")]),
    /** Seconds that the provider may take for a whole file, with every retry. */
    // A worker of the free plan lives 150 s; what comes before and after the provider fits too.
    providerFileSeconds: reader.number("PROVIDER_FILE_SECONDS", 100, { most: 300 }),
    /** Address of the bridge; without one there are no live words. */
    bridgePublicUrl: reader.text("BRIDGE_PUBLIC_URL"),
    minAudioSeconds: reader.number("MIN_AUDIO_SECONDS", LIMITS.min_audio_seconds),
    maxAudioSeconds: reader.number("MAX_AUDIO_SECONDS", LIMITS.max_audio_seconds),
    maxUploadBytes: reader.number("MAX_UPLOAD_BYTES", LIMITS.max_upload_bytes, { whole: true }),
    /** Seconds that the body of a request may take to arrive. */
    uploadSeconds: reader.number("FUNCTIONS_UPLOAD_SECONDS", 120),
    /** Longest silence in the middle of a body, in seconds. */
    uploadIdleSeconds: reader.number("FUNCTIONS_UPLOAD_IDLE_SECONDS", 30),
    /** Bytes a second of a body, on average, after its first `uploadIdleSeconds`. */
    uploadMinRate: reader.number("FUNCTIONS_UPLOAD_MIN_RATE", 8192, { whole: true }),
    /** Seconds that the address of a stored recording is good. */
    signedUrlSeconds: reader.number("SIGNED_URL_SECONDS", 3600, { whole: true }),
    /** The least rate of a match with which a voice is stored; undefined stores every text. */
    cloneMinMatch: reader.text("CLONE_MIN_MATCH") === undefined
      ? undefined
      : reader.number("CLONE_MIN_MATCH", 1, { most: 1 }),
    /** The engine that recordings are made for. */
    referencePreset: reader.oneOf("REFERENCE_PRESET", PRESETS.map(({ id }) => id), "any"),
    /** Whether the page lets people choose another engine. */
    referencePresetChoice: reader.flag("REFERENCE_PRESET_CHOICE", true),
    notice: reader.text("NOTICE"),
  };
  if (settings.minAudioSeconds >= settings.maxAudioSeconds) {
    reader.faults.push("MIN_AUDIO_SECONDS must be less than MAX_AUDIO_SECONDS");
  }
  // Passed over in silence, these would do something else than what was asked for.
  reader.only("TRANSCRIPTION_PROVIDER", "mistral");
  reader.only("TRANSCRIPTION_PROVIDERS", "mistral");
  reader.only("REALTIME_MODE", "bridge");
  if (reader.flag("BYOK_ENABLED", false)) {
    reader.faults.push("BYOK_ENABLED: an Edge Function knows no keys of users' own");
  }
  if (reader.faults.length > 0) {
    throw new Error(`Cannot start, these settings are wrong:\n  ${reader.faults.join("\n  ")}`);
  }
  return settings;
}

class Reader {
  readonly faults: string[] = [];

  constructor(private readonly env: (name: string) => string | undefined) {}

  /** @param check Returns a value as it was meant, or throws why it cannot be. */
  text(name: string, check = (value: string) => value): string | undefined {
    return this.checked(name, this.env(name) ?? "", check);
  }

  /** A key from the dictionary of keys, or from the variable of older projects. */
  key(dictionary: string, older: string, check: (value: string) => string): string {
    const kept = this.text(dictionary);
    if (kept === undefined) {
      const key = this.text(older, check);
      if (!this.env(older)) this.faults.push(`${dictionary}: missing`);
      return key ?? "";
    }
    let key: unknown;
    try {
      key = JSON.parse(kept).default;
    } catch {
      // told below, without its value
    }
    if (typeof key === "string" && key !== "") return this.checked(dictionary, key, check) ?? "";
    this.faults.push(`${dictionary}: must be a JSON object with a key "default"`);
    return "";
  }

  /** A value as it was meant; undefined of one that is empty, or wrong, which is a fault. */
  private checked(
    name: string,
    value: string,
    check: (value: string) => string,
  ): string | undefined {
    try {
      const kept = pasted(value);
      return kept === "" ? undefined : check(kept);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.faults.push(`${name}: ${error.message}`);
      return undefined;
    }
  }

  url(name: string, otherwise?: string): string {
    const text = this.text(name) ?? otherwise;
    const protocol = text !== undefined && URL.canParse(text) ? new URL(text).protocol : "";
    if (text === undefined || !["http:", "https:"].includes(protocol)) {
      this.faults.push(`${name}: must be an address with http: or https:`);
    }
    return (text ?? "").replace(/\/+$/, "");
  }

  flag(name: string, otherwise: boolean): boolean {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return otherwise;
    if (!TRUE.has(text) && !FALSE.has(text)) this.faults.push(`${name}: must be true or false`);
    return TRUE.has(text);
  }

  number(
    name: string,
    otherwise: number,
    { least, most = Infinity, whole = false }: { least?: number; most?: number; whole?: boolean } =
      {},
  ): number {
    const text = this.text(name);
    const value = text === undefined ? otherwise : Number(text);
    const large = least === undefined ? value > 0 : value >= least;
    if (!large || !(value <= most) || !Number.isFinite(value)) {
      this.faults.push(`${name}: must be a number from ${least ?? "above 0"} to ${most}`);
    } else if (whole && !Number.isInteger(value)) {
      this.faults.push(`${name}: must be a whole number`);
    }
    return value;
  }

  /** Refuse any other value. */
  only(name: string, value: string): void {
    if ((this.text(name) ?? value) !== value) {
      this.faults.push(`${name}: an Edge Function knows "${value}" alone`);
    }
  }

  oneOf<T extends string>(name: string, values: readonly T[], otherwise: T): T {
    const text = this.text(name) ?? otherwise;
    const found = values.find((value) => value === text);
    if (found === undefined) this.faults.push(`${name}: must be one of ${values.join(", ")}`);
    return found ?? otherwise;
  }

  names(name: string): string[] {
    return (this.text(name) ?? "").split(",").map((one) => one.trim()).filter(Boolean);
  }

  origins(name: string, otherwise: string[]): ReadonlySet<string> {
    const given = this.text(name) === undefined ? otherwise : this.names(name);
    return new Set(
      given.map((origin) => this.checked(name, origin, checkedOrigin)).filter((origin) =>
        origin !== undefined
      ),
    );
  }
}
