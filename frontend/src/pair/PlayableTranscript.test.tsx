import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { ReferenceAudioInput } from "../reference-audio/ReferenceAudioInput";
import { ReferenceAudio } from "../reference-audio/reference-audio";
import { ENGLISH_SCRIPTS } from "../reference-audio/scripts";
import { violations } from "../testing/axe";
import { FakeServices, TRANSCRIPTION } from "../testing/fake-services";

const SCRIPT = ENGLISH_SCRIPTS.texts[0];
const HEARD = SCRIPT.replace("river", "market");
const WORDS = HEARD.split(" ").map((text, n) => ({
  text,
  start: 0.2 + n * 0.25,
  end: 0.4 + n * 0.25,
}));

let scope: Scope;
let plays: number[] = [];
beforeEach(() => {
  scope = new Scope();
  plays = [];
  HTMLMediaElement.prototype.play = async function play() {
    plays.push(this.currentTime);
    this.dispatchEvent(new Event("play"));
  };
});
afterEach(() => scope.dispose());

/** A take in which one word was read otherwise. */
async function show() {
  const services = new FakeServices();
  services.api.answers.set("/transcriptions", () => ({
    ...TRANSCRIPTION,
    text: HEARD,
    words: WORDS,
  }));
  const reference = new ReferenceAudio(services, scope);
  const { container } = render(<ReferenceAudioInput reference={reference} />);
  await act(async () => {
    await reference.record();
    services.source.speak(13);
    await reference.stop();
  });
  await screen.findByText("1 word to check");
  const box = screen.getByRole<HTMLTextAreaElement>("textbox", { name: "Transcript" });
  return { services, reference, box, user: userEvent.setup(), container };
}

test("One key leads to the word, its second is heard, and Enter takes a reading", async () => {
  const { reference, box, user, container } = await show();
  box.focus();
  await user.keyboard("{F8}");
  const readings = screen.getByRole("toolbar", { name: "Which is it?" });
  expect(readings).toBeVisible();
  expect(screen.getByRole("button", { name: "market heard again" })).toHaveFocus();
  const at = WORDS.findIndex(({ text }) => text === "market");
  expect(plays).toEqual([expect.closeTo((WORDS[at]?.start ?? 0) - 0.5)]);
  expect(await violations(container)).toEqual([]);
  await user.keyboard("{ArrowRight}");
  expect(screen.getByRole("button", { name: "river as written" })).toHaveFocus();
  await user.keyboard("{Enter}");
  expect(reference.value.transcript).toBe(SCRIPT);
  expect(screen.getByText("Every word is checked.")).toBeVisible();
  expect(box).toHaveFocus();
  expect(await reference.settledBy()).toBe("ear");
});

test("Typing at the word takes what is typed, and settles it", async () => {
  const { reference, user } = await show();
  await user.click(screen.getByRole("button", { name: "Next" }));
  await user.keyboard("lake");
  expect(reference.value.transcript).toBe(SCRIPT.replace("river", "lake"));
  expect(await screen.findByText("Every word is checked.")).toBeVisible();
});

test("An edit elsewhere is checked at once, without a call", async () => {
  const { services, box, user } = await show();
  const calls = services.api.calls.length;
  await user.click(box);
  await user.keyboard("{End} and then some more words");
  expect(await screen.findByText("2 words to check")).toBeVisible();
  expect(services.api.calls.length).toBe(calls);
});

test("The script becomes the text, and what was heard otherwise is marked", async () => {
  const { reference, user, container } = await show();
  await user.click(screen.getByRole("button", { name: "I read it as written" }));
  expect(reference.value.transcript).toBe(SCRIPT);
  expect(await reference.settledBy()).toBe("script");
  const marks = [...container.querySelectorAll("[data-doubt]")].map((each) => each.textContent);
  expect(marks).toEqual(["river"]);
});

test("To check again says what it costs, and is a new question", async () => {
  const { services, user } = await show();
  await user.click(screen.getByRole("button", { name: "I read it as written" }));
  expect(screen.getByText("Uses 13 seconds of today's minutes.")).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Check again" }));
  const keys = () =>
    services.api.calls
      .filter(({ path }) => path === "/transcriptions")
      .map(({ request }) => request.idempotencyKey);
  await vi.waitFor(() => expect(keys()).toHaveLength(2));
  expect(new Set(keys()).size).toBe(2);
});

test("Alt and an arrow play from a word; a click does, unless it should not; typing is silent", async () => {
  const { box, user, container } = await show();
  box.focus();
  box.setSelectionRange(0, 0);
  await user.keyboard("{Alt>}{ArrowRight}{/Alt}");
  expect(plays).toEqual([expect.closeTo(WORDS[1]?.start ?? 0)]);
  expect(container.querySelector("[data-lit]")).toHaveTextContent("walked");
  await user.keyboard("{Alt>}{ArrowLeft}{/Alt}");
  expect(plays.at(-1)).toBeCloseTo(WORDS[0]?.start ?? 0);
  box.setSelectionRange(HEARD.length - 2, HEARD.length - 2);
  box.click();
  expect(plays.at(-1)).toBeCloseTo(WORDS.at(-1)?.start ?? 0);
  await user.click(screen.getByRole("checkbox", { name: "Click plays" }));
  box.click();
  expect(plays).toHaveLength(3);
  await user.selectOptions(screen.getByRole("combobox", { name: "Speed" }), "0.75");
  await user.click(screen.getByRole("button", { name: "−5 s" }));
  expect(screen.getByRole("slider", { name: "Position" })).toHaveAttribute(
    "aria-valuenow",
    String(Math.round(((WORDS.at(-1)?.start ?? 0) - 5) * 10) / 10),
  );
});
