/** The page as a person uses it in WebKit: of `Booth` what the journeys there need. */
import { eventually } from "./booth";
import type { WebKit } from "./webkit";

const quoted = (words: string) => `normalize-space(.)="${words}"`;
const named = (name: string) => `${quoted(name)} or @aria-label="${name}"`;
const within = (attribute: string, words: string) =>
  `//*[@${attribute}]/descendant-or-self::*[${quoted(words)}]`;
const labelled = (name: string) =>
  `//*[@id = //label[${quoted(name)}]/@for] | //label[${quoted(name)}]//input`;

export class WebKitBooth {
  readonly #webkit: WebKit;

  constructor(webkit: WebKit) {
    this.#webkit = webkit;
  }

  async open(url: string): Promise<unknown> {
    await this.#webkit.open(url);
    return this.#webkit.see(`//button[${named("Start recording")}]`);
  }

  press(name: string): Promise<void> {
    return this.#webkit.click(`//button[${named(name)}]`);
  }

  async record(): Promise<void> {
    await this.press("Start recording");
    await this.#webkit.see(`//button[${named("Stop recording")}]`);
  }

  async stop(): Promise<void> {
    await this.press("Stop recording");
    await this.see("Your take");
  }

  see(words: string): Promise<void> {
    return this.#webkit.see(`//main//*[starts-with(normalize-space(.), "${words}")]`);
  }

  line(words: string): Promise<void> {
    return this.#webkit.see(within("data-line", words));
  }

  status(words: string): Promise<void> {
    return this.#webkit.see(within("data-transcript-status", words));
  }

  async recorded(seconds: number): Promise<void> {
    await eventually(
      () => this.#webkit.evaluate(() => document.querySelector("main")?.innerText ?? ""),
      (text) => {
        const [minutes = 0, rest = 0] = (/^\d+:\d\d$/m.exec(text)?.[0] ?? "")
          .split(":")
          .map(Number);
        if (minutes * 60 + rest < seconds) throw new Error(`Not yet: ${minutes}:${rest}`);
      },
    );
  }

  liveWords(): Promise<string> {
    return this.#webkit.evaluate(
      () => document.querySelector<HTMLElement>('[aria-label="Live words"]')?.innerText ?? "",
    );
  }

  heard(): Promise<string> {
    return this.#webkit.evaluate(() => document.querySelector("textarea")?.value ?? "");
  }

  add(text: string): Promise<void> {
    return this.#webkit.type("//textarea", text);
  }

  async clone(name: string): Promise<void> {
    await this.#webkit.type(labelled("Name"), name);
    await this.#webkit.click(labelled("This is my voice, or I may use it"));
    await this.press("Clone voice");
    await this.#webkit.see(`//*[${quoted(`“${name}” is ready`)}]`);
    await this.#webkit.see(`//button[starts-with(@aria-label, "Play ${name}")]`);
  }

  /** The page transcribes it by itself, as it begins. */
  async choose(path: string, _transcribe: true): Promise<void> {
    await this.#webkit.click(`//*[@role="tab"][${quoted("Upload")}]`);
    await this.#webkit.type('//input[@type="file"]', path);
  }

  reload(): Promise<unknown> {
    return this.#webkit.reload();
  }

  async signIn({ email, password }: { email: string; password: string }): Promise<void> {
    await this.press("Sign in");
    await this.#webkit.type(labelled("Email"), email);
    await this.#webkit.type(labelled("Password"), password);
    await this.#webkit.click(`//dialog//button[${quoted("Sign in")}]`);
    await this.#webkit.see(`//button[${named("Sign out")}]`);
  }

  complaints(): Promise<string[]> {
    return this.#webkit.evaluate(() => (window as unknown as { complaints: string[] }).complaints);
  }
}
