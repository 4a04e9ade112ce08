/** Why a chosen file is refused before it is sent. */
export type FileFault = "kind" | "empty" | "size" | "unreadable";

export class FileRefused extends Error {
  readonly fault: FileFault;

  constructor(fault: FileFault) {
    super(`The file cannot be used: ${fault}.`);
    this.name = "FileRefused";
    this.fault = fault;
  }
}
