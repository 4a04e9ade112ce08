/** The services behind the component, scripted: answers are what a test says they are. */
import type {
  ModelOption,
  Problem,
  PublicConfig,
  Transcription,
  Voice,
} from "../generated/protocol";
import { Store } from "../lib/store";
import type { ReferenceAudioServices } from "../reference-audio/services";
import type { Account, AccountState } from "../services/account";
import { Api, ApiError, type ApiRequest } from "../services/http";
import type { TakeStorage } from "../services/storage";
import { SignedOutError } from "../session/token";
import { ScriptedSource } from "./scripted-source";

export const USER_ID = "0b9fb1f4-6a5a-4a5e-9a3b-2f1de3f6c111";

export const CONFIG: PublicConfig = {
  enabled: true,
  realtime_enabled: false,
  supabase_url: "http://127.0.0.1:54321",
  supabase_publishable_key: "sb_publishable_test",
  allow_anonymous: true,
  limits: {
    max_bytes: 52_428_800,
    min_seconds: 3,
    max_seconds: 300,
    types: ["audio/wav", "audio/mpeg"],
    extensions: [".wav", ".mp3"],
  },
  languages: [
    { code: "en", name: "English" },
    { code: "de", name: "German" },
  ],
  model: "m",
  realtime_model: "m",
  final_pass: true,
};

/** A model that takes English, and words to expect. */
export const model = (
  id: string,
  kind: ModelOption["kind"],
  can: Partial<ModelOption> = {},
): ModelOption => ({
  id,
  kind,
  languages: [{ code: "en", name: "English" }],
  timestamps: [],
  diarization: false,
  context_bias: true,
  single_word_bias: false,
  streaming_delays_ms: [],
  turn_detection: false,
  ...can,
});

interface Call {
  readonly path: string;
  readonly request: ApiRequest;
}

/** Answers calls from a table, one function for each path. */
class FakeApi extends Api {
  readonly calls: Call[] = [];
  readonly answers = new Map<string, (request: ApiRequest) => unknown>();

  constructor() {
    super("", () => Promise.reject(new SignedOutError()));
  }

  override async held(): Promise<Api> {
    return this;
  }

  override async open<T>(path: string): Promise<T> {
    return this.call<T>(path);
  }

  override async call<T>(path: string, request: ApiRequest = {}): Promise<T> {
    // As the wire has it: what is undefined is absent.
    const json =
      request.json === undefined ? {} : { json: JSON.parse(JSON.stringify(request.json)) };
    this.calls.push({ path, request: { ...request, ...json } });
    const answer = this.answers.get(path);
    if (!answer) throw new ApiError("unreachable", "No answer.", { retryable: true });
    return (await answer(request)) as T;
  }
}

/** Uploads that a test can watch, hold up and fail. */
class FakeStorage implements TakeStorage {
  readonly uploaded: string[] = [];
  readonly removed: string[] = [];
  fails = false;
  hold: Promise<void> = Promise.resolve();

  async upload(
    userId: string,
    takeId: string,
    _file: File,
    options: { signal: AbortSignal; onProgress: (fraction: number) => void },
  ): Promise<string> {
    options.onProgress(0.5);
    await this.hold;
    options.signal.throwIfAborted();
    if (this.fails) throw new Error("No space.");
    const path = `${userId}/takes/${takeId}.wav`;
    this.uploaded.push(path);
    return path;
  }

  async remove(path: string): Promise<void> {
    this.removed.push(path);
  }
}

export const TRANSCRIPTION: Transcription = {
  text: "He walked down the street.",
  model: "m",
  language: "en",
  duration_seconds: 12,
  request_id: "r",
};

export const VOICE: Voice = {
  voice_id: "v",
  name: "Mine",
  language: "en",
  duration_seconds: 12,
  created_at: "2026-03-12T10:00:00Z",
};

export function refuse(code: Problem["code"], detail = "Details.", retryAfter?: number) {
  return () => Promise.reject(new ApiError(code, detail, { retryAfter }));
}

export class FakeServices implements ReferenceAudioServices {
  config: PublicConfig;
  readonly api = new FakeApi();
  readonly realtimeUrl = "ws://127.0.0.1:1/api/transcriptions/realtime";
  readonly state = new Store<AccountState>({
    status: "in",
    userId: USER_ID,
    email: undefined,
    isAnonymous: true,
  });
  readonly storage = new FakeStorage();
  store: ReferenceAudioServices["store"];
  readonly source = new ScriptedSource();

  constructor(config: Partial<PublicConfig> = {}) {
    this.config = { ...CONFIG, ...config };
    this.api.answers.set("/transcriptions", () => TRANSCRIPTION);
    this.api.answers.set("/clone", () => VOICE);
    this.api.answers.set("/voices", () => ({ voices: [] }));
  }

  /** As much of an account as the component asks for. */
  get account(): Account {
    const signOut = async () => this.leave();
    const recovering = new Store(false);
    return Object.assign(this.state, { signOut, recovering }) as unknown as Account;
  }

  readonly token = async (): Promise<string> => {
    if (this.state.getSnapshot().status !== "in") throw new SignedOutError();
    return "token";
  };

  /** The sign-in ends by itself. */
  signOut(): void {
    this.state.set({ status: "out", ended: true });
  }

  /** The person signs out. */
  leave(left: "here" | "elsewhere" = "here"): void {
    this.state.set({ status: "out", ended: true, left });
  }

  signIn(userId = USER_ID, isAnonymous = true): void {
    this.state.set({ status: "in", userId, email: undefined, isAnonymous });
  }
}
