/**
 * A text as words that compare alike however they are written.
 *
 * `transcription/match/words.py` is the same in Python.
 */

/** Scripts that are written without spaces: Thai, Lao, Burmese, Khmer, kana, Han. */
const SPACELESS =
  /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\u{20000}-\u{3ffff}]/u;
/** Marks of voice in kana, which belong to the character before them. */
const JOINED = "\u3099\u309a\uff9e\uff9f";
/** Between two letters these part nothing: don't, U.S., col·lega. */
const INSIDE = "'’‘ʼ`´.·";
/** Between two digits these part nothing: 3.5, 1,000, 3:45. */
const IN_NUMBERS = ".,:'’\u202f\u00a0";
/** Signs that people say. */
const SPOKEN = "%‰&+=@°$€£¥₹";
const CURRENCIES = "$€£¥₹";
/** The zeros of other scripts; their digits follow them. */
const ZEROS = [0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xed0, 0x1040, 0x17e0];
const FOLDED: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ ß: "ss", ς: "σ", ё: "е", أ: "ا", إ: "ا", آ: "ا", ٱ: "ا", ى: "ي", ة: "ه" }),
  ...ZEROS.flatMap((zero) =>
    Array.from({ length: 10 }, (_, digit): [string, string] => [
      String.fromCodePoint(zero + digit),
      String(digit),
    ]),
  ),
]);
/** Vowel points of Hebrew and Arabic, joiners, apostrophes. */
const UNSAID = /[\u0591-\u05c7\u0640\u064b-\u0652\u0670\u200c-\u200f'’‘ʼ`´·]/gu;

/** One word of a text. */
export interface Word {
  /** What it is compared by. */
  readonly key: string;
  /** Its first character, counted in code points from 0. */
  readonly start: number;
  /** After its last character. */
  readonly end: number;
}

/** Whether a character is of a script without spaces. */
export function isSpaceless(character: string): boolean {
  return SPACELESS.test(character);
}

/** Letters and digits without their case, form and vowel points. */
export function fold(text: string): string {
  const plain = text.normalize("NFKC").toLowerCase().replace(UNSAID, "");
  return Array.from(plain, (one) => FOLDED.get(one) ?? one).join("");
}

const isDigit = (one: string) => /^\p{Nd}$/u.test(one);
const isLetter = (one: string) => /^[\p{L}\p{N}]$/u.test(one);

/**
 * The words of a text.
 *
 * Words are parted by white space, hyphens and punctuation. In scripts without spaces each
 * character is a word. Signs that people say, such as %, are words; all others are none.
 */
export function split(text: string): Word[] {
  const characters = Array.from(text);
  const found: Word[] = [];
  let begin = -1;
  let spaceless = false;

  const close = (end: number) => {
    if (begin < 0) return;
    let last = end;
    while (last > begin && ".,:".includes(characters[last - 1] as string)) last -= 1;
    const key = fold(characters.slice(begin, last).join(""));
    while (last > begin && ".,:'’".includes(characters[last - 1] as string)) last -= 1;
    if (key) found.push({ key, start: begin, end: last });
    begin = -1;
  };

  for (const [at, one] of characters.entries()) {
    if (/^[\p{M}\p{Cf}]$/u.test(one) || JOINED.includes(one)) continue;
    if (isLetter(one)) {
      const alone = isSpaceless(one);
      if (begin >= 0 && (alone || spaceless)) close(at);
      if (begin < 0) {
        begin = at;
        spaceless = alone;
      }
    } else if (begin < 0 || spaceless || !joins(characters, at)) {
      close(at);
      if (CURRENCIES.includes(one) && isDigit(characters[at + 1] ?? "")) {
        begin = at; // "$5" is said as "five dollars"
        spaceless = false;
      } else if (SPOKEN.includes(one)) {
        found.push({ key: one, start: at, end: at + 1 });
      }
    }
  }
  close(characters.length);
  return found;
}

/** Whether a mark stands inside a word or a number. */
function joins(characters: readonly string[], at: number): boolean {
  const one = characters[at] as string;
  const after = characters[at + 1] ?? " ";
  if (isDigit(characters[at - 1] ?? "") && isDigit(after)) return IN_NUMBERS.includes(one);
  return INSIDE.includes(one) && isLetter(after);
}
