import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Scope } from "../lib/scope";
import { ReferenceAudioInput } from "../reference-audio/ReferenceAudioInput";
import { ReferenceAudio } from "../reference-audio/reference-audio";
import { violations } from "../testing/axe";
import { FakeServices, TRANSCRIPTION } from "../testing/fake-services";

let scope: Scope;
beforeEach(() => {
  scope = new Scope();
});
afterEach(() => scope.dispose());

/** A take of so many seconds, as its waveform shows it. */
async function show(before = 0, seconds = 12) {
  const services = new FakeServices({ reference_preset_choice: true });
  const reference = new ReferenceAudio(services, scope);
  const { container } = render(<ReferenceAudioInput reference={reference} />);
  await act(async () => {
    await reference.record();
    services.source.silence(before);
    services.source.speak(seconds);
    await reference.stop();
  });
  const slider = (name: string) => screen.getByRole("slider", { name });
  await screen.findByRole("slider", { name: "Beginning of the cut" });
  const state = () => reference.getSnapshot();
  return { services, reference, state, slider, user: userEvent.setup(), container };
}

test("Handles move by keys: tenths, seconds, and as far as they go", async () => {
  const { slider, user } = await show();
  slider("Beginning of the cut").focus();
  await user.keyboard("{ArrowRight}{ArrowRight}{ArrowUp}{ArrowLeft}{PageUp}");
  expect(slider("Beginning of the cut")).toHaveAttribute("aria-valuenow", "1.2");
  expect(slider("Beginning of the cut")).toHaveAttribute(
    "aria-valuetext",
    expect.stringContaining("Begins at 0:01.2"),
  );
  await user.keyboard("{End}");
  expect(slider("Beginning of the cut")).toHaveAttribute("aria-valuenow", "9");
  await user.keyboard("{ArrowRight}{Home}{ArrowLeft}");
  expect(slider("Beginning of the cut")).toHaveAttribute("aria-valuenow", "0");
  slider("End of the cut").focus();
  await user.keyboard("{PageDown}{Home}");
  expect(slider("End of the cut")).toHaveAttribute("aria-valuenow", "3");
});

test("What is cut is what is transcribed and stored; an undo brings all of it back", async () => {
  const { services, reference, state, slider, user, container } = await show();
  const whole = state().take;
  services.api.answers.set("/transcriptions", () => ({ ...TRANSCRIPTION, text: "The cut." }));
  slider("Beginning of the cut").focus();
  await user.keyboard("{PageUp}{PageUp}");
  await user.click(screen.getByRole("button", { name: "Cut" }));
  await screen.findByText("Cut to 10.0 s of 0:12.0.");
  await vi.waitFor(() => expect(reference.value.transcript).toBe("The cut."));
  expect(state().take?.seconds).toBe(10);
  expect(services.storage.uploaded.at(-1)).toContain(state().take?.id);
  expect(screen.getByRole("button", { name: "Undo" })).toHaveFocus();
  expect(screen.getByRole("button", { name: "Download the original" })).toBeVisible();
  expect(await violations(container)).toEqual([]);
  await user.click(screen.getByRole("button", { name: "Undo" }));
  expect(state().take).toBe(whole);
  expect(reference.value.transcript).toBe(TRANSCRIPTION.text);
  expect(slider("Beginning of the cut")).toHaveAttribute("aria-valuenow", "0");
});

test("Silence at the ends is left out of what is marked", async () => {
  const { slider } = await show(3);
  expect(screen.getByText(/^2\.7 s of silence at the ends\./)).toBeVisible();
  expect(slider("Beginning of the cut")).toHaveAttribute("aria-valuenow", "2.7");
});

test("Of what is too long for the engine, a part from pause to pause is marked", async () => {
  const { reference, state, slider, user } = await show(0, 40);
  expect(screen.getByText(/^Longer than recommended/)).toBeVisible();
  const marked = () =>
    Number(slider("End of the cut").getAttribute("aria-valuenow")) -
    Number(slider("Beginning of the cut").getAttribute("aria-valuenow"));
  expect(marked()).toBeGreaterThanOrEqual(10);
  expect(marked()).toBeLessThanOrEqual(20);
  await user.selectOptions(screen.getByRole("combobox", { name: "Made for" }), "f5-tts");
  expect(reference.preset.id).toBe("f5-tts");
  expect(marked()).toBeLessThanOrEqual(12);
  expect(screen.getByText(/^Rather long: 40 seconds\. 5–12 seconds/)).toBeVisible();
  await user.click(screen.getByRole("button", { name: "Cut" }));
  await vi.waitFor(() => expect(state().take?.seconds).toBeLessThanOrEqual(12));
  expect(screen.getByText(/^Good length/)).toBeVisible();
});
