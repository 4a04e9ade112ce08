import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Boundary } from "./boundary";

beforeEach(() => void vi.spyOn(console, "error").mockReturnValue()); // React tells each fault there
afterEach(() => vi.restoreAllMocks());

let faults = 0;
function Part() {
  if (faults > 0) {
    faults -= 1;
    throw new Error("A part has failed.");
  }
  return <p>Here it is.</p>;
}

const show = () =>
  render(
    <>
      <Boundary words="It failed. Your recording goes on.">
        <Part />
      </Boundary>
      <p>The rest.</p>
    </>,
    { onRecoverableError: () => {} }, // React has tried by itself
  );

test("A part that breaks is shown anew, and the rest stays", () => {
  faults = 3;
  show();
  expect(faults).toBe(0);
  expect(screen.getByText("Here it is.")).toBeVisible();
  expect(screen.getByText("The rest.")).toBeVisible();
});

test("A part that breaks again and again says so, and may be shown again", async () => {
  faults = 1000;
  show();
  expect(screen.getByRole("alert")).toHaveTextContent("It failed. Your recording goes on.");
  expect(screen.getByText("The rest.")).toBeVisible();
  faults = 0;
  await userEvent.setup().click(screen.getByRole("button", { name: "Show it again" }));
  expect(screen.getByText("Here it is.")).toBeVisible();
  expect(screen.queryByRole("alert")).toBeNull();
});
