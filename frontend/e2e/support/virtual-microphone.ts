/** A microphone of the system's own, without a device: PulseAudio, private to a test. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Browsers hear the source that is the default one, and play into the other sink. */
const MODULES = (socket: string) => [
  `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
  "module-null-sink sink_name=speaker",
  "module-null-sink sink_name=mic",
  "module-remap-source source_name=microphone master=mic.monitor",
];
const READY_MS = 30_000;

export class VirtualMicrophone {
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #players = new Set<ChildProcess>();

  private constructor(folder: string, server: ChildProcess) {
    this.#folder = folder;
    this.#server = server;
  }

  static async start(): Promise<VirtualMicrophone> {
    const folder = mkdtempSync(join(tmpdir(), "utter-sound-"));
    const socket = join(folder, "socket");
    const server = spawn(
      "pulseaudio",
      [
        "-n",
        "--daemonize=no",
        "--exit-idle-time=-1",
        "--use-pid-file=no",
        "--disable-shm=yes",
        ...MODULES(socket).flatMap((module) => ["-L", module]),
      ],
      { env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder }, stdio: "ignore" },
    );
    const end = Date.now() + READY_MS;
    while (!existsSync(socket)) {
      if (server.exitCode !== null || Date.now() > end)
        throw new Error("PulseAudio did not start.");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return new VirtualMicrophone(folder, server);
  }

  /** What a browser needs to find it. */
  get env(): Record<string, string> {
    return { PULSE_SERVER: `unix:${join(this.#folder, "socket")}`, PULSE_SOURCE: "microphone" };
  }

  /** Plays a WAV file into the microphone, from its beginning. */
  play(path: string): void {
    const player = spawn("paplay", ["--device=mic", path], {
      env: { ...process.env, ...this.env },
      stdio: "ignore",
    });
    this.#players.add(player);
    player.once("exit", () => this.#players.delete(player));
  }

  async close(): Promise<void> {
    for (const process of [...this.#players, this.#server]) {
      if (process.exitCode !== null || process.signalCode !== null) continue;
      const gone = new Promise((resolve) => process.once("exit", resolve));
      process.kill();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
