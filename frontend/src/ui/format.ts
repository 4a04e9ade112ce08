/** Figures in words, as people write them in a locale. */

/** "0:07", "4:30": the clock of a take, the same in all languages. */
export function minutes(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** "0:07.4": where something is in a recording. */
export function tenths(seconds: number): string {
  const all = Math.round(seconds * 10);
  return `${minutes(all / 10)}.${all % 10}`;
}

/** "1 second", "12 seconds", "5 minutes". */
export function spokenSeconds(locale: string, seconds: number): string {
  const unit = seconds >= 60 && seconds % 60 === 0 ? "minute" : "second";
  const count = unit === "minute" ? seconds / 60 : Math.round(seconds);
  return count.toLocaleString(locale, { style: "unit", unit, unitDisplay: "long" });
}

/** "50 MB": mebibytes, which people know by this name. */
export function megabytes(locale: string, bytes: number): string {
  const count = bytes / 2 ** 20;
  const digits = count < 10 ? 1 : 0;
  return count.toLocaleString(locale, {
    style: "unit",
    unit: "megabyte",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** "40%". */
export function percent(locale: string, fraction: number): string {
  return fraction.toLocaleString(locale, { style: "percent" });
}

/** "WAV, MP3 or FLAC". */
export function oneOf(locale: string, words: readonly string[]): string {
  return new Intl.ListFormat(locale, { type: "disjunction" }).format(words);
}

/** "German", "Deutsch": a language's name; the one that is given where the browser knows none. */
export function languageName(locale: string, code: string, name: string): string {
  const known = new Intl.DisplayNames(locale, { type: "language", fallback: "none" }).of(code);
  return known === undefined ? name : known.charAt(0).toLocaleUpperCase(locale) + known.slice(1);
}

/** A time of day in this place: "02:00". */
export function clock(locale: string, at: number): string {
  return new Date(at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
}

/** "14 Mar 2026". */
export function day(locale: string, at: string): string {
  return new Date(at).toLocaleDateString(locale, {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}
