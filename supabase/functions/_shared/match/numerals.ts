/** How numbers written in digits are said. */

/** The ways to say a number, each with its words joined. */
export function numerals(_number: string, _language: string): string[] {
  return [];
}
