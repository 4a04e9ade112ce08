/** Other engines than Chromium, as far as this machine has them. */
import { afterAll, beforeAll, describe } from "vitest";
import { Booth } from "./booth";
import { openPage } from "./browser";
import { launchFirefox } from "./firefox";
import { LACKING } from "./programs";
import { type Stack, startStack } from "./stack";
import { VirtualMicrophone } from "./virtual-microphone";
import { WebKit } from "./webkit";
import { WebKitBooth } from "./webkit-booth";

/** What a person does in any of them. */
export interface Visit {
  readonly booth: Omit<WebKitBooth, "complaints">;
  /** Runs a function in the page. */
  evaluate<T>(run: () => Promise<T>): Promise<T>;
  /** Errors that nobody has caught so far. */
  complaints(): Promise<string[]>;
  close(): Promise<void>;
}

export interface Engine {
  readonly name: keyof typeof LACKING;
  /** A browser of its own, that knows nobody. */
  visit(env: Record<string, string>): Promise<Visit>;
}

const ENGINES: readonly Engine[] = [
  {
    name: "Firefox",
    visit: async (env) => {
      const browser = await launchFirefox(env);
      const { page, complaints } = await openPage(browser);
      page.on("dialog", (dialog) => void dialog.accept()); // leaving a recording
      return {
        booth: new Booth(page),
        evaluate: (run) => page.evaluate(run),
        complaints: async () => complaints,
        close: () => browser.close(),
      };
    },
  },
  {
    name: "WebKit",
    visit: async (env) => {
      const webkit = await WebKit.launch(env);
      const booth = new WebKitBooth(webkit);
      return {
        booth,
        evaluate: (run) => webkit.evaluate(run),
        complaints: () => booth.complaints(),
        close: () => webkit.close(),
      };
    },
  },
];

const ENGINES_HERE = ENGINES.filter(({ name }) => LACKING[name].length === 0);

/** What the tests of an engine share; there from the first test on. */
export interface Scene {
  stack: Stack;
  microphone: VirtualMicrophone;
  visit: Visit;
}

/** Runs tests in each engine, on one stack and with one microphone. */
export function inEachEngine(tests: (scene: Scene) => void): void {
  const scene = {} as Scene;
  beforeAll(async () => {
    [scene.stack, scene.microphone] = await Promise.all([startStack(), VirtualMicrophone.start()]);
  });
  afterAll(async () => {
    await scene.stack?.close();
    await scene.microphone?.close();
  });
  describe.each(ENGINES_HERE)("$name", (engine) => {
    beforeAll(async () => {
      scene.visit = await engine.visit(scene.microphone.env);
    });
    afterAll(async () => {
      await scene.visit?.close();
    });
    tests(scene);
  });
}
