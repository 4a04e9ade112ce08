import { expect, test, vi } from "vitest";
import { Scope } from "./scope";

test("A disposed scope ends its listeners, timers and children, last first, and only once", () => {
  vi.useFakeTimers();
  const scope = new Scope();
  const child = new Scope(scope);
  const target = new EventTarget();
  const seen: string[] = [];
  scope.listen(target, "ping", () => seen.push("ping"));
  scope.after(10, () => seen.push("after"));
  child.every(10, () => seen.push("every"));
  scope.add(() => seen.push("first"));
  child.add(() => seen.push("child"));
  scope.add(() => seen.push("last"));
  scope.dispose();
  scope.dispose();
  target.dispatchEvent(new Event("ping"));
  vi.advanceTimersByTime(100);
  vi.useRealTimers();
  expect(seen).toEqual(["last", "first", "child"]);
  expect(child.signal.aborted).toBe(true);
});

test("What is registered after the end is disposed at once", () => {
  const scope = new Scope();
  scope.dispose();
  const disposer = vi.fn();
  scope.add(disposer);
  expect(disposer).toHaveBeenCalledOnce();
});

test("A cancelled timer and a disposed child leave nothing behind in their owner", () => {
  vi.useFakeTimers();
  const scope = new Scope();
  const run = vi.fn();
  scope.after(10, run)();
  const child = new Scope(scope);
  const disposer = vi.fn();
  child.add(disposer);
  child.dispose();
  scope.dispose();
  vi.advanceTimersByTime(100);
  vi.useRealTimers();
  expect(run).not.toHaveBeenCalled();
  expect(disposer).toHaveBeenCalledOnce();
});
