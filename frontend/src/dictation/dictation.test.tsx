/** Dictation: nothing said is lost, a person's edit wins, and React may render as it likes. */
import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { StrictMode, useRef, useState } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { FakeBridge } from "../testing/fake-bridge";
import { CONFIG } from "../testing/fake-services";
import { ScriptedSource } from "../testing/scripted-source";
import { DictationButton } from "./DictationButton";
import { Dictation } from "./dictation";
import type { UtterDictation } from "./element";
import { dictateInto } from "./field";
import { useLevel, useLiveTranscript, useMicrophones } from "./hooks";
import { LiveTranscript, type LiveTranscriptError } from "./live-transcript";

let source: ScriptedSource;
let answer: () => Promise<Response>;
const token = async () => "e30.e30.e30";
const config = () => Response.json({ ...CONFIG, realtime_enabled: true });
const bridge = () =>
  vi.waitFor(() => {
    const found = FakeBridge.all.at(-1);
    if (!found) throw new Error("No socket yet.");
    return found;
  });

beforeEach(() => {
  FakeBridge.all = [];
  source = new ScriptedSource();
  answer = async () => config();
  vi.stubGlobal("fetch", () => answer());
  vi.stubGlobal("WebSocket", FakeBridge);
});
afterEach(() => vi.unstubAllGlobals());

describe("Live words", () => {
  test("hold what was said before the service answered", async () => {
    let open = (_: Response) => {};
    answer = () =>
      new Promise((resolve) => {
        open = resolve;
      });
    const words = new LiveTranscript({ source, token });
    void words.start();
    await vi.waitFor(() => expect(words.getSnapshot().stage).toBe("listening"));
    source.speak(1);
    open(config());
    const line = await bridge();
    source.speak(1);
    await words.stop();
    await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
    expect(line.samples).toBe(32_000);
  });

  test("are settled once more follows them, and whole at the end", async () => {
    const told: string[] = [];
    const words = new LiveTranscript({
      source,
      token,
      onDelta: (delta) => told.push(delta),
      onFinal: (text) => told.push(`final: ${text}`),
    });
    await words.start();
    const line = await bridge();
    source.speak(0.5);
    line.hear("He walked");
    await vi.waitFor(() => expect(words.getSnapshot().provisional).toBe("He walked"));
    line.hear(" home.");
    await vi.waitFor(() =>
      expect(words.getSnapshot()).toMatchObject({ settled: "He walked", provisional: " home." }),
    );
    await words.stop();
    await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
    expect(words.getSnapshot()).toMatchObject({ stage: "idle", text: "He walked home." });
    expect(told).toEqual(["He walked", " home.", "final: He walked home."]);
    expect(source.closed).toBe(1);
  });

  test("go on with a new session where a pause ends at once", async () => {
    const words = new LiveTranscript({ source, token });
    await words.start();
    await bridge();
    source.speak(1);
    const pausing = words.pause();
    words.resume();
    await pausing;
    source.speak(1);
    await words.stop();
    await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
    expect(FakeBridge.all.reduce((sum, { samples }) => sum + samples, 0)).toBe(32_000);
  });

  test("hold the last frame where the service answers while the microphone closes", async () => {
    let open = (_: Response) => {};
    let close = () => {};
    answer = () => new Promise((resolve) => (open = resolve));
    const opened = source.open.bind(source);
    source.open = async (...given) => {
      const device = await opened(...given);
      const slow = new Promise<void>((resolve) => (close = resolve));
      return { ...device, close: () => slow.then(device.close) };
    };
    const words = new LiveTranscript({ source, token });
    void words.start();
    await vi.waitFor(() => expect(words.getSnapshot().stage).toBe("listening"));
    source.speak(1.05);
    const stopping = words.stop();
    open(config());
    const line = await bridge();
    await vi.waitFor(() => expect(line.samples).toBe(16_000));
    close();
    await stopping;
    await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
    expect(line.samples).toBe(16_800);
  });

  test("tell of a part that was lost in a pause", async () => {
    const errors: string[] = [];
    const words = new LiveTranscript({ source, token, onError: ({ code }) => errors.push(code) });
    await words.start();
    const line = await bridge();
    source.speak(1);
    line.send = () => {};
    await words.pause();
    line.say({ type: "error", code: "provider_rejected", message: "No.", retryable: false });
    await vi.waitFor(() => expect(errors).toEqual(["provider_rejected"]));
    words.resume();
    source.speak(1);
    await words.stop();
    await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
    expect(errors).toEqual(["provider_rejected"]);
    expect(FakeBridge.all.at(-1)?.samples).toBe(16_000);
  });

  test.each(["quota_exceeded", "budget_exceeded", "max_duration"])(
    "tell of a limit that ends them while someone speaks: %s",
    async (reason) => {
      const errors: string[] = [];
      const words = new LiveTranscript({ source, token, onError: ({ code }) => errors.push(code) });
      await words.start();
      const line = await bridge();
      source.speak(1);
      line.say({ type: "final", text: "All there is.", status: "complete", reason });
      await vi.waitFor(() => expect(words.getSnapshot().isFinal).toBe(true));
      expect(words.getSnapshot().text).toBe("All there is.");
      expect(errors).toEqual([reason]);
    },
  );

  test.each([
    ["a refused microphone", () => (source.fault = "denied"), "microphone_denied"],
    ["a service away", () => (answer = () => Promise.reject(new TypeError("x"))), "unreachable"],
    [
      "live words that are switched off",
      () => (answer = async () => Response.json({ ...CONFIG, realtime_enabled: false })),
      "transcription_disabled",
    ],
  ])("tell of %s, give the microphone back, and can begin again", async (_, breakIt, code) => {
    const errors: LiveTranscriptError[] = [];
    const words = new LiveTranscript({ source, token, onError: (error) => errors.push(error) });
    breakIt();
    await words.start();
    expect(words.getSnapshot().stage).toBe("idle");
    expect(errors.map((error) => error.code)).toEqual([code]);
    expect(source.closed).toBe(source.opened);
    source.fault = undefined;
    answer = async () => config();
    await words.start();
    expect(words.getSnapshot()).toMatchObject({ stage: "listening", error: undefined });
    words.release();
  });

  test("a start that is overtaken by a cancel drops what comes late", async () => {
    let open = () => {};
    source.gate = new Promise((resolve) => {
      open = resolve;
    });
    const words = new LiveTranscript({ source, token });
    const started = words.start();
    words.cancel();
    open();
    await started;
    expect(words.getSnapshot().stage).toBe("idle");
    expect(source.closed).toBe(source.opened);
    expect(FakeBridge.all).toEqual([]);
  });

  test("a microphone that is lost ends the dictation with its words", async () => {
    const words = new LiveTranscript({ source, token });
    await words.start();
    const line = await bridge();
    source.speak(0.5);
    line.hear("Half a");
    await vi.waitFor(() => expect(words.getSnapshot().text).toBe("Half a"));
    source.lose();
    await vi.waitFor(() => expect(words.getSnapshot().stage).toBe("idle"));
    expect(words.getSnapshot()).toMatchObject({ text: "Half a", isFinal: true });
    expect(words.getSnapshot().error?.code).toBe("microphone_lost");
  });
});

describe("A field", () => {
  function area(value: string, start = value.length, end = start) {
    const field = document.createElement("textarea");
    document.body.append(field);
    field.value = value;
    field.setSelectionRange(start, end);
    return field;
  }

  test.each([
    ["", 0, 0, "One two.", "One two."],
    ["Before.", 7, 7, "One two.", "Before. One two."],
    ["Before. ", 8, 8, "One two.", "Before. One two."],
    ["(", 1, 1, "one", "(one"],
    ["ab cd", 3, 5, "one", "ab one"],
    ["start end", 6, 6, "middle", "start middle end"],
  ])("%j at %i to %i takes %j", (value, start, end, words, expected) => {
    const field = area(value, start, end);
    const dictated = dictateInto(field);
    dictated.show(words.slice(0, 2), words.slice(0, 2));
    dictated.show(words, "");
    expect(field.value).toBe(expected);
    dictated.commit(words);
    expect(field.value).toBe(expected);
    expect(document.querySelector("[data-utter-mark]")).toBeNull();
  });

  test("is as it was after a dictation that is given up", () => {
    const field = area("ab cd", 3, 5);
    const dictated = dictateInto(field);
    dictated.show("one two", "two");
    dictated.revert();
    expect([field.value, field.selectionStart, field.selectionEnd]).toEqual(["ab cd", 3, 5]);
  });

  test("keeps what a person types meanwhile, and takes later words at the caret", () => {
    const field = area("");
    const dictated = dictateInto(field);
    dictated.show("One two", "two");
    field.value = "One three";
    field.setSelectionRange(9, 9);
    dictated.show("One two four", "four");
    expect(field.value).toBe("One three four");
    dictated.commit("One two four five.");
    expect(field.value).toBe("One three four five.");
  });

  test("with content of its own shows provisional words as a mark, and leaves none", () => {
    const field = document.createElement("div");
    field.contentEditable = "true";
    field.innerHTML = "<p>Before.</p>";
    document.body.append(field);
    const dictated = dictateInto(field);
    dictated.show("One two", "two");
    expect(field.querySelector("[data-utter-provisional]")?.textContent).toBe("two");
    dictated.commit("One two.");
    expect(field.querySelector("[data-utter-provisional]")).toBeNull();
    expect(field.textContent).toBe("Before. One two.");
  });
});

describe("In a shadow root", () => {
  const around = () => {
    const root = document.createElement("div").attachShadow({ mode: "open" });
    document.body.append(root.host);
    return root;
  };

  test("the field with the caret takes the words, by keys", async () => {
    const field = document.createElement("textarea");
    around().append(field);
    const scope = new Scope();
    const dictation = new Dictation({ source, token }, () => undefined);
    dictation.attach(scope);
    field.focus();
    field.dispatchEvent(
      new KeyboardEvent("keydown", {
        bubbles: true,
        composed: true,
        ctrlKey: true,
        shiftKey: true,
        code: "KeyD",
      }),
    );
    const line = await bridge();
    source.speak(0.5);
    line.hear("Here.");
    await vi.waitFor(() => expect(field.value).toBe("Here."));
    scope.dispose();
  });

  test("the element keeps a token from before it was defined, and stays itself when moved", async () => {
    const root = around();
    const element = document.createElement("utter-dictation") as UtterDictation;
    root.append(element);
    element.token = token;
    await import("../element");
    expect(element.token).toBe(token);
    const button = element.shadowRoot?.querySelector("button") as HTMLButtonElement;
    root.host.append(element);
    await Promise.resolve();
    element.setAttribute("label-start", "Speak");
    expect(button.getAttribute("aria-label")).toBe("Speak");
    expect(element.shadowRoot?.querySelector("button")).toBe(button);
    expect(element.shadowRoot?.adoptedStyleSheets).toHaveLength(1);
    element.remove();
  });
});

describe("In React", () => {
  function Notes() {
    const field = useRef<HTMLTextAreaElement>(null);
    const [text, setText] = useState("");
    return (
      <>
        <textarea
          aria-label="Notes"
          onChange={(event) => setText(event.target.value)}
          ref={field}
          value={text}
        />
        <output>{text}</output>
        <DictationButton source={source} target={field} token={() => token()} />
      </>
    );
  }

  test("a controlled field hears of the words, in StrictMode, by button and by keys", async () => {
    const user = userEvent.setup();
    render(
      <StrictMode>
        <Notes />
      </StrictMode>,
    );
    await user.click(screen.getByRole("button", { name: "Dictate" }));
    const line = await bridge();
    act(() => source.speak(0.5));
    line.hear("Hello there.");
    await vi.waitFor(() =>
      expect(document.querySelector("output")?.textContent).toBe("Hello there."),
    );
    await user.click(screen.getByRole("button", { name: "Stop dictating" }));
    await screen.findByRole("button", { name: "Dictate" });
    expect(screen.getByLabelText<HTMLTextAreaElement>("Notes").value).toBe("Hello there.");

    await user.click(screen.getByLabelText("Notes"));
    await user.keyboard("{Control>}{Shift>}{d}{/Shift}{/Control}");
    await screen.findByRole("button", { name: "Stop dictating" });
    await user.keyboard("{Escape}");
    await screen.findByRole("button", { name: "Dictate" });
    expect(screen.getByLabelText<HTMLTextAreaElement>("Notes").value).toBe("Hello there.");
  });

  test("the microphone is given back when the component goes", async () => {
    const user = userEvent.setup();
    const shown = render(<Notes />);
    await user.click(screen.getByRole("button", { name: "Dictate" }));
    await bridge();
    shown.unmount();
    await vi.waitFor(() => expect(source.closed).toBe(source.opened));
    expect(source.opened).toBe(1);
  });

  test("the hooks render on a server as idle", () => {
    function Everything() {
      const words = useLiveTranscript();
      const level = useLevel(words.transcript);
      const { microphones } = useMicrophones();
      return (
        <p>
          {words.stage} {level} {microphones.length}
        </p>
      );
    }
    const html = renderToString(
      <>
        <Everything />
        <DictationButton />
      </>,
    );
    expect(html.replaceAll("<!-- -->", "")).toContain("<p>idle 0 0</p>");
    expect(html).toContain('aria-label="Dictate"');
  });
});
