/** Texts to read aloud: each about 15 seconds, varied in sounds, plain in words. */

type Texts = readonly [string, ...string[]];

const ENGLISH: Texts = [
  "He walked down the street to the old house near the river and waited there for an hour. When the rain stopped, a small boat came around the bend, and someone on board was singing a song he had not heard since he was a boy.",
  "On Sunday mornings my grandmother baked bread for the whole family. She never measured anything. A handful of flour, a pinch of salt, a little warm water, and the kitchen smelled so good that even the neighbours came by to ask what was in the oven.",
  "The last train leaves at a quarter past nine. If we hurry across the bridge, we can still buy two tickets and a cup of coffee, find a seat beside the window, and watch the lights of the city grow smaller behind us.",
];

export interface ReadingScripts {
  /** ISO 639-1. */
  readonly language: string;
  readonly texts: Texts;
}

export const ENGLISH_SCRIPTS: ReadingScripts = { language: "en", texts: ENGLISH };

/** The texts of a language; English where there are none. */
export async function loadScripts(language: string): Promise<ReadingScripts> {
  if (language === "en") return ENGLISH_SCRIPTS;
  const { WORLD_SCRIPTS } = await import("./scripts-world");
  const texts = Object.hasOwn(WORLD_SCRIPTS, language) ? WORLD_SCRIPTS[language] : undefined;
  return texts ? { language, texts } : ENGLISH_SCRIPTS;
}
