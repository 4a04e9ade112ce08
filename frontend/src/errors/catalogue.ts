/** What each code of an error means, in all languages; loaded when something first goes wrong. */
import { SHARED } from "../ui/words/catalogue";
import { Catalogue, type Part } from "../words/words";
import { words as english } from "./words/en";

const ERRORS = { english, others: import.meta.glob(["./words/*.ts", "!./words/en.ts"]) } as Part<
  typeof english
>;

type ErrorMessages = typeof SHARED.english & typeof english;

const CATALOGUE = new Catalogue<ErrorMessages>(SHARED, ERRORS);

/** What went wrong: a code, for a failed sign-in its reason, and the same in English. */
export interface Fault {
  readonly code: string;
  readonly reason?: string | undefined;
  readonly message: string;
}

/** Codes and reasons that mean the same to a person as another, whose words they have. */
const SAME: Readonly<Record<string, string>> = {
  "error.microphone_busy": "microphone.busy",
  "error.microphone_denied": "microphone.denied",
  "error.microphone_failed": "microphone.failed",
  "error.microphone_insecure": "microphone.insecure",
  "error.microphone_missing": "microphone.missing",
  "error.signed_out": "error.unauthenticated",
  "error.token_expired": "error.unauthenticated",
  "signIn.user_already_exists": "signIn.email_exists",
};

const isKey = (key: string): key is keyof ErrorMessages =>
  Object.hasOwn(SHARED.english, key) || Object.hasOwn(english, key);

/** The fault in the language of this locale. In English the message often says more than the code. */
export async function faultWords(locale: string, fault: Fault): Promise<string> {
  const { code, reason, message } = fault;
  const asked = reason === undefined ? `error.${code}` : `signIn.${reason}`;
  const key = SAME[asked] ?? asked;
  await CATALOGUE.load(locale).catch(() => {}); // English stays
  const words = CATALOGUE.in(locale);
  return words.language === "en" || !isKey(key) ? message : words(key);
}
