/** The page as a person uses it: what can be pressed, and what is seen. */
import type { BrowserContext, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { violations } from "./axe";
import type { Stack } from "./stack";

const PATIENCE_MS = 60_000;

/** Waits for a condition on what is shown; a busy machine may take its time. */
export async function eventually<T>(
  read: () => Promise<T>,
  check: (value: T) => void,
  timeout = PATIENCE_MS,
): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      const value = await read();
      check(value);
      return value;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export class Booth {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(url: string): Promise<this> {
    await this.page.goto(url);
    await this.button("Start recording").or(this.page.getByText("Your take")).first().waitFor();
    return this;
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name });
  }

  press(name: string | RegExp): Promise<void> {
    return this.button(name).click();
  }

  /** Text that is seen, beside what is announced. */
  text(words: string | RegExp): Locator {
    return this.page.getByText(words).and(this.page.locator(":not([role=status])")).first();
  }

  see(words: string): Promise<void> {
    return this.text(words).waitFor();
  }

  async record(): Promise<void> {
    await this.press("Start recording");
    await this.button("Stop recording").waitFor();
  }

  async stop(): Promise<void> {
    await this.press("Stop recording");
    await this.text("Your take").waitFor();
  }

  /** Waits until so many seconds are recorded: time is what the page has counted. */
  async recorded(seconds: number): Promise<void> {
    const counted = async () => {
      const time = await this.page.getByText(/^\d+:\d\d$/).innerText();
      const [minutes = "0", rest = "0"] = time.split(":");
      return Number(minutes) * 60 + Number(rest);
    };
    // It takes so long at least: nobody needs to look before.
    const left = seconds - 1 - (await counted().catch(() => seconds));
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, left) * 1000));
    await eventually(
      counted,
      (value) => expect(value).toBeGreaterThanOrEqual(seconds),
      (seconds + 20) * 1000,
    );
  }

  liveWords(): Promise<string> {
    return this.page.getByRole("region", { name: "Live words" }).innerText();
  }

  get transcript(): Locator {
    return this.page.getByRole("textbox", { name: "Transcript" });
  }

  get name(): Locator {
    return this.page.getByLabel("Name", { exact: true });
  }

  heard(): Promise<string> {
    return this.transcript.inputValue();
  }

  /** Adds to the transcript. */
  async add(text: string): Promise<void> {
    await this.transcript.focus();
    await this.page.keyboard.press("ControlOrMeta+End");
    await this.page.keyboard.type(text);
  }

  reload(): Promise<unknown> {
    return this.page.reload();
  }

  async signIn({ email, password }: Pick<Person, "email" | "password">): Promise<void> {
    await this.press("Sign in");
    const dialog = this.page.getByRole("dialog");
    await this.write(dialog.getByLabel("Email"), email);
    await this.write(dialog.getByLabel("Password"), password);
    await dialog.getByRole("button", { name: "Sign in" }).click();
    await dialog.waitFor({ state: "detached" });
    await this.button("Sign out").waitFor();
  }

  /** How the line is: "Listening", "Reconnecting… still recording", … */
  async line(words: string): Promise<void> {
    await this.page.locator("[data-line]").getByText(words, { exact: true }).waitFor();
  }

  /** "Final", "Edited by you", … */
  async status(words: string): Promise<void> {
    await this.page.locator("[data-transcript-status]").getByText(words, { exact: true }).waitFor();
  }

  /** Types a text in place of what a field holds; in Firefox React hears nothing of a `fill`. */
  async write(field: Locator, text: string): Promise<void> {
    await field.selectText();
    await this.page.keyboard.type(text);
  }

  async clone(name: string): Promise<void> {
    await this.write(this.name, name);
    await this.page.getByLabel("This is my voice, or I may use it").check();
    await this.press("Clone voice");
    await this.page.getByText(`“${name}” is ready`).waitFor();
    await this.button(`Play ${name}`).waitFor();
  }

  /** Chooses a file; it is transcribed at once where that is asked for. */
  async choose(path: string, transcribe = false): Promise<void> {
    await this.page.getByRole("tab", { name: "Upload" }).click();
    await this.page.getByLabel("Transcribe on select").setChecked(transcribe);
    await this.page.getByLabel("Choose an audio file").setInputFiles(path);
  }

  /** What axe-core finds, colours included. */
  violations(): Promise<string[]> {
    return violations(this.page);
  }

  /** The access token that the page holds. */
  token(): Promise<string> {
    return this.page.evaluate(() => {
      const stored = localStorage.getItem("utter-auth");
      return stored ? (JSON.parse(stored) as { access_token: string }).access_token : "";
    });
  }
}

export interface Person {
  readonly email: string;
  readonly password: string;
  /** As the page begins with. */
  readonly accessToken: string;
}

/** Makes an account; `answer` is its first session. */
export async function makeAccount(
  stack: Pick<Stack, "supabaseUrl" | "env">,
  email = `${crypto.randomUUID()}@example.com`,
) {
  const password = "correct horse battery";
  const response = await fetch(`${stack.supabaseUrl}/auth/v1/signup`, {
    method: "POST",
    headers: {
      apikey: stack.env.SUPABASE_PUBLISHABLE_KEY ?? "",
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ email, password }),
  });
  if (!response.ok) throw new Error(`Signing up failed: ${await response.text()}`);
  const answer = (await response.json()) as {
    access_token: string;
    expires_in: number;
  };
  return { email, password, answer };
}

/** Makes an account and lets every page of the context begin signed in with it. */
export async function signUp(
  context: BrowserContext,
  stack: Pick<Stack, "supabaseUrl" | "env">,
  /** Seconds that the page believes its token to be good for. */
  options: { readonly expiresIn?: number; readonly email?: string } = {},
): Promise<Person> {
  const { answer, ...person } = await makeAccount(stack, options.email);
  const session = JSON.stringify({
    ...answer,
    expires_at: Math.floor(Date.now() / 1000) + (options.expiresIn ?? answer.expires_in),
  });
  await context.addInitScript((value) => {
    // Only once: a sign-out must stay one over a reload. Firefox begins with a page without storage.
    if (origin === "null" || sessionStorage.getItem("seeded")) return;
    sessionStorage.setItem("seeded", "yes");
    localStorage.setItem("utter-auth", value);
  }, session);
  return { ...person, accessToken: answer.access_token };
}
