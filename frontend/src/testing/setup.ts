/** What every test of the page needs, and what jsdom does not have. */
import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);

// A failed query says what it looked for; the whole page besides says nothing more.
configure({ getElementError: (message) => new Error(message ?? "Not found.") });

// No canvas here: waveforms draw nothing.
HTMLCanvasElement.prototype.getContext = (() => null) as HTMLCanvasElement["getContext"];
URL.createObjectURL = () => "blob:take";
URL.revokeObjectURL = () => {};
HTMLMediaElement.prototype.pause = () => {};
