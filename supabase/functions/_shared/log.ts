/** Structured lines, one JSON object each: ids, figures and codes, and never a token or a word. */

type Fields = Record<string, string | number | boolean | null | undefined>;

export function info(event: string, fields: Fields = {}): void {
  console.log(line("info", event, fields));
}

export function warn(event: string, fields: Fields = {}): void {
  console.warn(line("warning", event, fields));
}

/** An operator's alarm. */
export function alarm(event: string, fields: Fields = {}): void {
  console.error(line("error", event, fields));
}

/** The kind of an error, without its words: they may quote addresses. */
export function kindOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

function line(level: string, event: string, fields: Fields): string {
  return JSON.stringify({ ...fields, event, level, timestamp: new Date().toISOString() });
}
