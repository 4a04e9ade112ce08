import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { EMPTY_TRANSCRIPT } from "../transcript/transcript";
import { TakeKeeper } from "./keeper";
import { TakeStore } from "./take-store";

beforeEach(() => vi.stubGlobal("navigator", {}));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A browser without space: it refuses the first writes of audio after `allowed`. */
function refuseBlocks(allowed: number, refused: number): void {
  const { put } = IDBObjectStore.prototype;
  let writes = 0;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
    this: IDBObjectStore,
    ...args
  ) {
    if (this.name === "blocks") {
      writes += 1;
      if (writes > allowed && writes <= allowed + refused) {
        throw new DOMException("", "QuotaExceededError");
      }
    }
    return put.apply(this, args);
  });
}

test.each([1, 2, 3])(
  "Audio that the browser refuses %i times is kept by a later write",
  async (refused) => {
    refuseBlocks(2, refused);
    const store = new TakeStore(crypto.randomUUID());
    const scope = new Scope();
    const keeper = new TakeKeeper(store, scope);
    const id = "one";
    keeper.begin({
      ...{
        id,
        kind: "recording",
        name: "Take",
        madeAt: 1,
        owner: undefined,
        rate: 2,
        file: undefined,
      },
      ...{ language: "auto", transcript: EMPTY_TRANSCRIPT },
    });
    const spoken = Array.from({ length: 16 }, (_, n) => n);
    for (const sample of spoken) {
      keeper.push(Int16Array.of(sample));
      await keeper.settled();
    }
    expect(keeper.getSnapshot()).toBe(false); // it was told
    keeper.leave();
    await keeper.settled();
    const [found] = await store.restore(undefined, 1);
    expect(found?.blocks.flatMap((block) => [...block])).toEqual(spoken);
    scope.dispose();
    await store.close();
  },
);
