/** The worklet as a file beside the page; the npm package has another module in this one's place. */
import file from "./capture.worklet.ts?worker&url";

export const fileUrl = (): string => file;
