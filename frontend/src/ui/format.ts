/** Figures in words, as people here read them. */

/** "0:07", "4:30". */
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
export function spokenSeconds(seconds: number): string {
  const unit = seconds >= 60 && seconds % 60 === 0 ? "minute" : "second";
  const count = unit === "minute" ? seconds / 60 : Math.round(seconds);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** "50 MB". */
export function megabytes(bytes: number): string {
  const count = bytes / 2 ** 20;
  return `${count < 10 ? count.toFixed(1) : Math.round(count)} MB`;
}

/** A time of day in this place: "02:00". */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
}

/** "14 Mar 2026". */
export function day(at: string): string {
  return new Date(at).toLocaleDateString(undefined, {
    day: "numeric",
    month: "short",
    year: "numeric",
  });
}
