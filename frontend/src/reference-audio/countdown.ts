/** Whether this browser's person wants a countdown before a take. */
const KEY = "utter-countdown";

export function countsDownHere(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false; // ReferenceError, SecurityError: this page may store nothing.
  }
}

export function rememberCountsDown(countsDown: boolean): void {
  try {
    if (countsDown) localStorage.setItem(KEY, "yes");
    else localStorage.removeItem(KEY);
  } catch {
    // It holds until the page is closed.
  }
}
