import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { FakeServices, refuse, VOICE } from "../testing/fake-services";
import { DownloadVoice } from "./DownloadVoice";

afterEach(() => vi.restoreAllMocks());

test("A voice is downloaded for the engine that is chosen, or says why not", async () => {
  const { api } = new FakeServices();
  const saved: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function click(
    this: HTMLAnchorElement,
  ) {
    saved.push(this.download);
  });
  api.answers.set("/voices/v/bundle?preset=f5-tts", () => new Blob(["zip"]));
  api.answers.set(
    "/voices/v/bundle?preset=qwen3-tts",
    refuse("rate_limited", "Try again in a minute."),
  );
  render(<DownloadVoice api={api} preset="qwen3-tts" voice={{ ...VOICE, name: "Ada / 2" }} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Download Ada / 2" }));
  expect(await screen.findByText("Try again in a minute.")).toBeVisible();
  await user.selectOptions(screen.getByRole("combobox", { name: "Download for…" }), "F5-TTS");
  await user.click(screen.getByRole("button", { name: "Download Ada / 2" }));
  await vi.waitFor(() => expect(saved).toEqual(["Ada  2-f5-tts.zip"]));
});
