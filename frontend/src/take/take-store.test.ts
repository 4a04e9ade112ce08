import "fake-indexeddb/auto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { EMPTY_TRANSCRIPT } from "../transcript/transcript";
import { TakeStore } from "./take-store";

beforeEach(() => vi.stubGlobal("navigator", {}));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** As WebKit does in a private window. */
function refuseFiles(): void {
  const { put } = IDBObjectStore.prototype;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (
    this: IDBObjectStore,
    value: { readonly file?: unknown },
    ...key
  ) {
    if (value.file instanceof File) throw new DOMException("", "DataCloneError");
    return put.call(this, value, ...key);
  });
}

test("A browser that stores no files keeps a chosen file's name, kind and bytes", async () => {
  refuseFiles();
  const store = new TakeStore(crypto.randomUUID());
  await store.save({
    id: "one",
    kind: "file",
    name: "voice.wav",
    madeAt: 1,
    owner: undefined,
    rate: 0,
    file: new File(["sound"], "voice.wav", { type: "audio/wav" }),
    language: "auto",
    transcript: EMPTY_TRANSCRIPT,
  });
  await store.update("one", { language: "de" });
  const [found] = await store.restore(undefined, 1);
  expect(found?.language).toBe("de");
  expect(found?.file).toMatchObject({ name: "voice.wav", type: "audio/wav" });
  expect(await found?.file?.text()).toBe("sound");
  await store.close();
});
