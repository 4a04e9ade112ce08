/** Typed words in one language: what a component says, by key and values. */
import { directionOf, type Language, languageOf, localeOf } from "./languages";

/** Messages in ICU's MessageFormat, by key, as a catalogue is written. */
export type Messages = Readonly<Record<string, string>>;

type UpTo<S extends string, End extends string> = S extends `${infer Head}${End}${string}`
  ? Head
  : S;
/** The names in a message: what stands behind a brace, but for the branches of a plural. */
type Names<S extends string> = S extends `${string}{${infer Rest}`
  ? Name<UpTo<UpTo<Rest, "}">, ",">> | Names<Rest>
  : never;
type Name<S extends string> = S extends "" | `#${string}` | `${string} ${string}` ? never : S;

type Values<S extends string> = [Names<S>] extends [never]
  ? []
  : [values: { readonly [N in Names<S>]: string | number }];

export interface Words<M extends Messages> {
  <K extends keyof M & string>(key: K, ...values: Values<M[K]>): string;
  readonly language: Language;
  /** For `Intl`. */
  readonly locale: string;
  readonly direction: "ltr" | "rtl";
}

/** What the build makes of messages; only their keys are as they were written. */
type Compiled = Readonly<Record<string, string | ((values?: object) => string)>>;

/** Messages in English, and where the other languages are: functions by their path, `./words/de.ts`. */
export interface Part<M extends Messages> {
  readonly english: M;
  readonly others: Readonly<Record<string, () => Promise<{ readonly words: Messages }>>>;
}

/** The words of one language. */
export function wordsIn<M extends Messages>(language: Language, found: M): Words<M> {
  const messages = found as unknown as Compiled;
  const say = (key: string, values?: object) => {
    const message = messages[key] ?? key;
    return typeof message === "function" ? message(values) : message;
  };
  const about = { language, locale: localeOf(language), direction: directionOf(language) };
  return Object.assign(say, about) as unknown as Words<M>;
}

/** All that a component says, in all languages: English at hand, the others loaded apart. */
export class Catalogue<M extends Messages> {
  readonly #parts: readonly Part<Messages>[];
  readonly #words = new Map<Language, Words<M>>();
  readonly #loading = new Map<Language, Promise<void>>();
  readonly #listeners = new Set<() => void>();

  /** @param parts With all that another catalogue says, where that is named. */
  constructor(...parts: readonly (Part<Messages> | Catalogue<Messages>)[]) {
    this.#parts = parts.flatMap((each) => (each instanceof Catalogue ? each.#parts : each));
    this.#add("en", []);
  }

  /** Messages that are missing are said in English; where several have one key, the last counts. */
  #add(language: Language, found: readonly Messages[]): void {
    const english = this.#parts.map((part) => part.english);
    this.#words.set(language, wordsIn(language, Object.assign({}, ...english, ...found) as M));
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The words in the language of this locale; in English until they are loaded. */
  in(locale: string): Words<M> {
    return (this.#words.get(languageOf(locale)) ?? this.#words.get("en")) as Words<M>;
  }

  /** Loads the language of this locale, once. */
  load(locale: string): Promise<void> {
    const language = languageOf(locale);
    if (this.#words.has(language)) return Promise.resolve();
    const asked = this.#loading.get(language) ?? this.#fetch(language);
    this.#loading.set(language, asked);
    return asked;
  }

  async #fetch(language: Language): Promise<void> {
    try {
      const modules = await Promise.all(
        this.#parts.map(({ others }) => {
          const path = Object.keys(others).find((each) => each.endsWith(`/${language}.ts`));
          return path === undefined ? { words: {} } : others[path]?.();
        }),
      );
      this.#add(
        language,
        modules.map((each) => each?.words ?? {}),
      );
    } finally {
      this.#loading.delete(language);
    }
  }
}
