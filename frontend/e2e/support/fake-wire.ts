/**
 * The services' wire, answered inside the browser: for states that the real ones reach seldom or
 * slowly. It speaks the same messages, typed by the same contract.
 */
import type { BrowserContext, Route, WebSocketRoute } from "playwright-core";
import type {
  Problem,
  PublicConfig,
  ServerMessage,
  Transcription,
  Usage,
  Voice,
} from "../../src/generated/protocol";

export const USER = "0b9fb1f4-6a5a-4a5e-9a3b-2f1de3f6c111";

const CONFIG: PublicConfig = {
  enabled: true,
  realtime_enabled: true,
  supabase_url: "http://127.0.0.1:1",
  supabase_publishable_key: "sb_publishable_test",
  allow_anonymous: true,
  limits: {
    max_bytes: 52_428_800,
    min_seconds: 2,
    max_seconds: 300,
    types: ["audio/wav", "audio/mpeg", "audio/mp4", "audio/flac", "audio/ogg", "audio/webm"],
    extensions: [".wav", ".mp3", ".m4a", ".flac", ".ogg", ".webm"],
  },
  languages: [
    { code: "en", name: "English" },
    { code: "de", name: "German" },
    { code: "ja", name: "Japanese" },
  ],
  model: "offline",
  realtime_model: "offline",
  final_pass: true,
  notice: "Offline engine (Moonshine, English). Set MISTRAL_API_KEY for Voxtral.",
};

const USAGE: Usage = {
  realtime: { used_seconds: 1080, reserved_seconds: 0, limit_seconds: 1800, cost_microdollars: 0 },
  batch: { used_seconds: 60, reserved_seconds: 0, limit_seconds: 3600, cost_microdollars: 0 },
  cost_microdollars: 0,
  open_sessions: [],
  max_open_sessions: 1,
  resets_at: "2026-03-15T00:00:00Z",
};

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function session() {
  const now = Math.floor(Date.now() / 1000);
  const claims = { sub: USER, exp: now + 3600, role: "authenticated", is_anonymous: true };
  return {
    access_token: `${base64({ alg: "ES256", typ: "JWT" })}.${base64(claims)}.c2lnbmF0dXJl`,
    refresh_token: "refresh",
    token_type: "bearer",
    expires_in: 3600,
    expires_at: now + 3600,
    user: { id: USER, aud: "authenticated", role: "authenticated", is_anonymous: true, email: "" },
  };
}

/** Answers a session's start as the bridge does while another one is open. */
export function refuseElsewhere(socket: WebSocketRoute): void {
  const refusal: ServerMessage = {
    type: "error",
    message: "You are already transcribing.",
    code: "session_limit",
    retryable: true,
    retry_after: 30,
    open_sessions: ["6b0d1f0e-1111-4a5e-9a3b-2f1de3f6c111"],
  };
  socket.onMessage(() => {
    socket.send(JSON.stringify(refusal));
    void socket.close({ code: 4429 });
  });
}

/** What the fake answers; tests replace what they want to see. */
export class FakeWire {
  config: PublicConfig = CONFIG;
  usage: Usage = USAGE;
  voices: Voice[] = [
    {
      voice_id: "6b0d1f0e-1111-4a5e-9a3b-2f1de3f6c111",
      name: "Grandmother",
      language: "en",
      duration_seconds: 17.4,
      created_at: "2026-03-12T10:00:00Z",
    },
  ];
  transcription: Transcription | Problem = {
    text: "He walked down the street to the old house near the river, and waited there.",
    model: "offline",
    language: "en",
    duration_seconds: 17.4,
    request_id: "r",
  };
  /** Refuses to make a voice. */
  clone: Problem | undefined;
  /** Text that comes as deltas, a word for each half second of audio. */
  words = "he walked down the street to the old house near a river and waited there".split(" ");
  /** Called instead of the usual answers on a new socket. */
  onSocket: ((socket: WebSocketRoute, wire: FakeWire) => void) | undefined;
  /** Answers wait until this resolves. */
  hold: Promise<void> = Promise.resolve();
  /** Refuses every sign-in. */
  refuseSignIn: { readonly status: number; readonly code: string } | undefined;
  readonly uploads: string[] = [];
  sockets = 0;
  audioBytes = 0;

  async install(context: BrowserContext): Promise<void> {
    await context.route("**/auth/v1/**", (route) => this.#auth(route));
    await context.route("**/storage/v1/**", (route) => this.#storage(route));
    await context.route("**/api/**", (route) => this.#api(route));
    await context.routeWebSocket("**/api/transcriptions/realtime", (socket) => {
      this.sockets += 1;
      if (this.onSocket) this.onSocket(socket, this);
      else this.serve(socket);
    });
  }

  #auth(route: Route): Promise<void> {
    if (route.request().method() === "OPTIONS") return cors(route, 200, {});
    if (this.refuseSignIn) {
      const { status, code } = this.refuseSignIn;
      return cors(route, status, { code: status, error_code: code, msg: "No." });
    }
    return cors(route, 200, session());
  }

  async #storage(route: Route): Promise<void> {
    if (route.request().method() === "OPTIONS") return cors(route, 200, {});
    await this.hold;
    this.uploads.push(new URL(route.request().url()).pathname);
    return cors(route, 200, { Id: "1", Key: "reference-audio/x" });
  }

  async #api(route: Route): Promise<void> {
    const url = new URL(route.request().url());
    const method = route.request().method();
    switch (`${method} ${url.pathname}`) {
      case "GET /api/config":
        return json(route, 200, this.config);
      case "GET /api/usage":
        return json(route, 200, this.usage);
      case "GET /api/voices":
        return json(route, 200, { voices: this.voices });
      case "POST /api/transcriptions":
        await this.hold;
        if ("status" in this.transcription) {
          return json(route, this.transcription.status, this.transcription);
        }
        return json(route, 200, this.transcription);
      case "POST /api/clone": {
        await this.hold;
        if (this.clone) return json(route, this.clone.status, this.clone);
        const voice: Voice = {
          voice_id: crypto.randomUUID(),
          name: /name="name"\r\n\r\n([^\r]*)/.exec(route.request().postData() ?? "")?.[1] ?? "?",
          language: "en",
          duration_seconds: 17.4,
          created_at: new Date().toISOString(),
        };
        this.voices = [voice, ...this.voices];
        return json(route, 201, voice);
      }
      case `PATCH ${url.pathname}`: {
        const id = url.pathname.split("/").at(-1);
        const change = JSON.parse(route.request().postData() ?? "{}") as Pick<Voice, "name">;
        this.voices = this.voices.map((each) =>
          each.voice_id === id ? { ...each, ...change } : each,
        );
        return json(
          route,
          200,
          this.voices.find((each) => each.voice_id === id),
        );
      }
      default:
        return json(route, method === "DELETE" ? 204 : 404, undefined);
    }
  }

  /** Speaks the realtime protocol: ready, acks, a word for each half second, final. */
  serve(socket: WebSocketRoute): void {
    const say = (message: ServerMessage) => socket.send(JSON.stringify(message));
    let bytes = 0;
    let said = 0;
    socket.onMessage((data) => {
      if (typeof data !== "string") {
        bytes += data.length;
        this.audioBytes += data.length;
        if (bytes % 25_600 < 3200) say({ type: "ack", audio_ms: bytes / 32 });
        while (said < Math.min(this.words.length, Math.floor(bytes / 16_000))) {
          say({ type: "delta", text: `${said > 0 ? " " : ""}${this.words[said]}` });
          said += 1;
        }
        return;
      }
      const message = JSON.parse(data) as { type: string };
      if (message.type === "start") {
        say({
          type: "ready",
          v: 1,
          session_id: crypto.randomUUID(),
          model: "offline",
          max_seconds: 300,
          resume_rewind_ms: 2500,
        });
      } else {
        say({
          type: "final",
          text: this.words.slice(0, said).join(" "),
          status: "complete",
          model: "offline",
          audio_seconds: bytes / 32_000,
          session_id: crypto.randomUUID(),
        });
        void socket.close({ code: 1000 });
      }
    });
  }
}

export function problem(
  code: Problem["code"],
  status: number,
  more: Partial<Problem> = {},
): Problem {
  return {
    type: "about:blank",
    title: code,
    status,
    detail: "Details for a person.",
    code,
    retryable: false,
    ...more,
  };
}

const json = (route: Route, status: number, body: unknown): Promise<void> =>
  route.fulfill({
    status,
    contentType: status >= 400 ? "application/problem+json" : "application/json",
    body: body === undefined ? "" : JSON.stringify(body),
  });

const cors = (route: Route, status: number, body: unknown): Promise<void> =>
  route.fulfill({
    status,
    contentType: "application/json",
    headers: { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" },
    body: JSON.stringify(body),
  });
