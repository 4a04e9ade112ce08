import { act, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { OwnKey, PublicConfig } from "../generated/protocol";
import { violations } from "../testing/axe";
import { FakeServices, refuse, USER_ID } from "../testing/fake-services";
import { ClonePage } from "./ClonePage";

const SECRET = "0wnKeyOfSomebodyForTests01234567";
const NONE: OwnKey = { provider: "mistral", stored: false };
const STORED: OwnKey = {
  provider: "mistral",
  stored: true,
  last_four: "4567",
  state: "untested",
  created_at: "2026-03-10T12:00:00Z",
};

async function show(
  options: {
    offer?: NonNullable<PublicConfig["own_keys"]>;
    key?: OwnKey;
    isAnonymous?: boolean;
  } = {},
) {
  const services = new FakeServices({ own_keys: options.offer ?? "offered" });
  services.signIn(USER_ID, options.isAnonymous ?? false);
  const { answers, calls } = services.api;
  let key = options.key ?? NONE;
  answers.set("/provider-key", ({ method }) => {
    if (method === "PUT") key = STORED;
    if (method === "DELETE") key = NONE;
    return key;
  });
  answers.set("/provider-key/test", () => {
    key = { ...key, state: "works", tested_at: "2026-03-10T12:00:00Z" };
    return key;
  });
  const view = render(<ClonePage services={services} />);
  await screen.findByRole("heading", { name: "Your voices" });
  const user = userEvent.setup();
  const panel = () => screen.getByRole("region", { name: "Your own Mistral key" });
  const press = (name: string) => user.click(within(panel()).getByRole("button", { name }));
  const asked = () =>
    calls
      .filter(({ path }) => path.startsWith("/provider-key"))
      .map(({ path, request }) => `${request.method ?? "GET"} ${path}`);
  return { services, user, panel, press, asked, root: view.container };
}

test("a key is stored and tested at once, and then known by its last four characters", async () => {
  const { services, user, panel, press, asked, root } = await show();
  await user.type(await screen.findByLabelText("Mistral key"), `  ${SECRET} `);
  await press("Store and test");
  await within(panel()).findByText("It works.");
  expect(panel()).toHaveTextContent("The key that ends in 4567.");
  expect(asked()).toEqual(["GET /provider-key", "PUT /provider-key", "POST /provider-key/test"]);
  const put = services.api.calls.find(({ request }) => request.method === "PUT");
  expect(put?.request.json).toEqual({ key: SECRET });
  expect(screen.getByText("Your own key: no daily limit")).toBeVisible();
  expect(root.innerHTML).not.toContain(SECRET);
  expect(within(panel()).queryByLabelText(/Mistral key/)).toBeNull();
  expect(await violations(root)).toEqual([]);
});

test("nothing of a key stays in the browser, nor in the page's own text", async () => {
  const { user, panel, press, root } = await show();
  await user.type(await screen.findByLabelText("Mistral key"), SECRET);
  expect(root.innerHTML).not.toContain(SECRET);
  await press("Store and test");
  await within(panel()).findByText("It works.");
  expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }])).not.toContain(SECRET);
  expect(document.cookie).not.toContain(SECRET);
});

test("what is no key is said to be none, and stays in the field to be mended", async () => {
  const { services, user, panel, press } = await show();
  services.api.answers.set("/provider-key", ({ method }) =>
    method === "PUT" ? refuse("invalid_message")() : NONE,
  );
  await user.type(await screen.findByLabelText("Mistral key"), "nonsense");
  await press("Store and test");
  await within(panel()).findByText("That does not look like a Mistral key. Nothing was stored.");
  expect(screen.getByLabelText("Mistral key")).toHaveValue("nonsense");
});

test("an empty field asks the server nothing", async () => {
  const { press, asked } = await show();
  await screen.findByLabelText("Mistral key");
  await press("Store and test");
  expect(asked()).toEqual(["GET /provider-key"]);
});

test.each([
  ["refused", "Mistral refused it. Check it at Mistral, replace it, or delete it."],
  ["unreadable", "It can no longer be read here. Please store it again, or delete it."],
  ["untested", "It has not been tested yet."],
] as const)("a key that is %s is told so in words", async (state, words) => {
  const { panel, root } = await show({ key: { ...STORED, state } });
  await screen.findByText(words);
  expect(panel()).toHaveTextContent("Not used yet.");
  expect(await violations(root)).toEqual([]);
});

test("a test that is tried too often says when to try again", async () => {
  const { services, panel, press } = await show({ key: STORED });
  services.api.answers.set("/provider-key/test", refuse("rate_limited", "", 130));
  await screen.findByText("It has not been tested yet.");
  await press("Test");
  await within(panel()).findByText("Too many tries. Try again in 3 minutes.");
  services.api.answers.set("/provider-key/test", refuse("provider_unavailable"));
  await press("Test");
  await within(panel()).findByText(/Mistral can't confirm it right now/);
});

test("a key is replaced by another, or kept after all", async () => {
  const { user, press, asked } = await show({ key: { ...STORED, last_four: "0000" } });
  await screen.findByText("0000");
  await press("Replace");
  expect(screen.getByLabelText("New Mistral key")).toHaveFocus();
  await press("Cancel");
  expect(screen.queryByLabelText("New Mistral key")).toBeNull();
  await press("Replace");
  await user.type(screen.getByLabelText("New Mistral key"), SECRET);
  await press("Store and test");
  await screen.findByText("4567");
  expect(asked().filter((each) => each.startsWith("PUT"))).toHaveLength(1);
});

test("a deletion is asked about, says what follows, and is carried out", async () => {
  const { panel, press, asked } = await show({ key: STORED });
  await screen.findByText("4567");
  await press("Delete");
  expect(panel()).toHaveTextContent(
    "Delete the key that ends in 4567? Then today's minutes count again",
  );
  await press("Keep it");
  expect(asked()).not.toContain("DELETE /provider-key");
  await press("Delete");
  await press("Delete it");
  await screen.findByLabelText("Mistral key");
  expect(asked()).toContain("DELETE /provider-key");
  expect(screen.queryByText("Your own key: no daily limit")).toBeNull();
});

test("where everyone needs a key the panel comes first, and the way to it is told", async () => {
  const { services, panel, root } = await show({ offer: "required" });
  await screen.findByLabelText("Mistral key");
  const headings = screen.getAllByRole("heading", { level: 2 }).map((each) => each.textContent);
  expect(headings[0]).toBe("Your own Mistral key");
  expect(panel()).toHaveTextContent("Everyone here uses their own key");
  act(() => services.signIn(USER_ID, true));
  await screen.findByText("To transcribe here you need an account, and a Mistral key of your own.");
  expect(screen.queryByRole("region", { name: "Your own Mistral key" })).toBeNull();
  expect(await violations(root)).toEqual([]);
});

test.each([
  ["off", false],
  ["offered", true],
] as const)(
  "where keys are %s and nobody is known (%s) there is no panel",
  async (offer, anonymous) => {
    const { asked } = await show({ offer, isAnonymous: anonymous });
    expect(screen.queryByRole("region", { name: "Your own Mistral key" })).toBeNull();
    expect(asked()).toEqual([]);
  },
);

test.each([
  ["own_key_refused", /^Mistral refused your own key. Check, replace or delete it./],
  ["own_key_unreadable", /^Your own Mistral key can no longer be read./],
  ["own_key_required", /^To transcribe here you need a Mistral key of your own./],
] as const)(
  "a recording that met %s is safe, and says why there are no words",
  async (code, words) => {
    const { services, user } = await show({ key: STORED });
    services.api.answers.set("/transcriptions", refuse(code));
    await user.click(screen.getByRole("button", { name: "Start recording" }));
    act(() => services.source.speak(12));
    await user.click(screen.getByRole("button", { name: "Stop recording" }));
    const [told] = await screen.findAllByText(words); // seen, and announced
    expect(told).toHaveTextContent("Your recording is safe: type what you said, or try again.");
    expect(screen.getByRole("button", { name: "Try again" })).toBeVisible();
  },
);

test("what was known of one person's key is not shown to the next", async () => {
  const { services, panel } = await show({ key: STORED });
  await screen.findByText("4567");
  services.api.answers.set("/provider-key", () => new Promise(() => {}));
  act(() => services.signIn("0b9fb1f4-6a5a-4a5e-9a3b-2f1de3f6c222", false));
  await waitFor(() => expect(panel()).not.toHaveTextContent("4567"));
  expect(panel()).toHaveTextContent("One moment…");
});
