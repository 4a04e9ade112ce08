/** The microphones there are, kept up to date as they come and go. */
import { Scope } from "../lib/scope";
import { type Readable, Store } from "../lib/store";

export interface Microphone {
  /** Empty until the page may record: it is there, and cannot be chosen yet. */
  readonly id: string;
  readonly label: string;
}

export class Microphones implements Readable<readonly Microphone[]> {
  readonly #store = new Store<readonly Microphone[]>([]);
  readonly #scope: Scope;
  readonly getSnapshot = this.#store.getSnapshot;
  readonly subscribe = this.#store.subscribe;

  constructor(parent: Scope) {
    this.#scope = new Scope(parent);
    if (!navigator.mediaDevices?.enumerateDevices) return;
    this.#scope.listen(navigator.mediaDevices, "devicechange", () => void this.refresh());
    void this.refresh();
  }

  /** Labels are known only once a page may record: call again after the first permission. */
  async refresh(): Promise<void> {
    if (!navigator.mediaDevices?.enumerateDevices) return;
    const devices = await navigator.mediaDevices.enumerateDevices();
    if (this.#scope.disposed) return;
    const inputs = devices.filter((device) => device.kind === "audioinput");
    this.#store.set(inputs.map(({ deviceId: id, label }) => ({ id, label })));
  }
}
