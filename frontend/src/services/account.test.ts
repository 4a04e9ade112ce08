// @vitest-environment jsdom
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Scope } from "../lib/scope";
import { SignedOutError, SignInError } from "../session/token";
import { Account } from "./account";

const encode = (value: object) =>
  btoa(JSON.stringify(value)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** As much of Supabase Auth as an account needs, over real HTTP. */
class Auth {
  readonly calls: string[] = [];
  /** Status of the next answers, where it is not success. */
  refusal: number | undefined;
  /** What is answered in its place, as by a firewall. */
  page: string | undefined;
  code = "refused";
  expiresIn = 3600;
  isAnonymous = true;
  /** Seconds by which the server's clock is ahead of the page's. */
  ahead = 0;
  #issued = 0;
  readonly server: Server = createServer((request, response) => {
    this.calls.push(this.#name(request));
    request.resume();
    response.setHeader("Content-Type", "application/json");
    if (this.page !== undefined) {
      response.writeHead(this.refusal ?? 200, { "Content-Type": "text/html" });
      response.end(this.page);
    } else if (this.refusal !== undefined) {
      response.writeHead(this.refusal);
      response.end(JSON.stringify({ code: this.refusal, error_code: this.code, msg: "No." }));
    } else if (request.url?.includes("/logout")) {
      response.writeHead(204).end();
    } else {
      if (request.method === "PUT") this.isAnonymous = false;
      const session = this.session();
      response.end(JSON.stringify(request.method === "PUT" ? session.user : session));
    }
  });

  #name(request: IncomingMessage): string {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    return `${url.pathname.split("/").at(-1)} ${url.searchParams.get("grant_type") ?? ""}`.trim();
  }

  session(expiresIn = this.expiresIn) {
    this.#issued += 1;
    const exp = Math.floor(Date.now() / 1000) + this.ahead + expiresIn;
    const claims = encode({ sub: "user", exp, role: "authenticated", n: this.#issued });
    return {
      access_token: `${encode({ alg: "ES256", typ: "JWT" })}.${claims}.${btoa(`s${this.#issued}`)}`,
      refresh_token: `refresh-${this.#issued}`,
      token_type: "bearer",
      expires_in: expiresIn,
      expires_at: exp,
      user: {
        id: "user",
        aud: "authenticated",
        role: "authenticated",
        is_anonymous: this.isAnonymous,
      },
    };
  }
}

let auth: Auth;
let scope: Scope;
let url: string;
beforeEach(async () => {
  localStorage.clear();
  auth = new Auth();
  scope = new Scope();
  await new Promise<void>((resolve) => auth.server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(auth.server.address() as AddressInfo).port}`;
});
afterEach(() => {
  scope.dispose();
  auth.server.closeAllConnections();
  auth.server.close();
});

const open = (allowAnonymous = true) =>
  new Account({ supabaseUrl: url, publishableKey: "sb_publishable_x", allowAnonymous }, scope);

/** Someone was signed in when the page was last open. */
function remember(expiresIn: number): string {
  const session = auth.session(expiresIn);
  localStorage.setItem("utter-auth", JSON.stringify(session));
  return session.access_token;
}

describe("A token", () => {
  test("that is good for long is given as it is", async () => {
    const token = remember(3600);
    expect(await open().token()).toBe(token);
    expect(auth.calls).toEqual([]);
  });

  test("with less than six minutes left is renewed first", async () => {
    const token = remember(300);
    expect(await open().token()).not.toBe(token);
    expect(auth.calls).toEqual(["token refresh_token"]);
  });

  test("is brand-new when that is asked for", async () => {
    const token = remember(3600);
    expect(await open().token(true)).not.toBe(token);
  });

  test("that cannot be renewed for now still serves for what is left of it", async () => {
    const token = remember(300);
    auth.refusal = 503;
    const account = open();
    expect(await account.token()).toBe(token);
    auth.refusal = undefined;
    expect(await account.token(true)).not.toBe(token);
  }, 30_000);

  test.each([
    ["that has expired", -10, false],
    ["that is no longer wanted", 3600, true],
  ])("%s and whose renewal is refused means that nobody is signed in", async (_, left, refresh) => {
    remember(left);
    auth.refusal = 400;
    const account = open();
    await expect(account.token(refresh)).rejects.toThrow(SignedOutError);
    expect(account.getSnapshot()).toEqual({ status: "out", ended: true });
    expect(auth.calls).not.toContain("signup");
  });
});

describe("A person without an account", () => {
  test("makes one of the anonymous one, whose id stays", async () => {
    const account = open();
    const before = await account.token();
    expect(await account.signUp("me@example.com", "correct horse")).toEqual({ confirm: false });
    expect(auth.calls).toEqual(["signup", "user", "token refresh_token"]);
    expect(await account.token()).not.toBe(before);
    expect(account.getSnapshot()).toMatchObject({ userId: "user", isAnonymous: false });
  });

  test("is signed in without one when a token is first needed, and once", async () => {
    const account = open();
    const tokens = await Promise.all([account.token(), account.token()]);
    expect(new Set(tokens).size).toBe(1);
    expect(auth.calls).toEqual(["signup"]);
    expect(account.getSnapshot()).toMatchObject({ status: "in", isAnonymous: true });
  });

  test("is not, where that is not allowed", async () => {
    await expect(open(false).token()).rejects.toThrow(SignedOutError);
    expect(auth.calls).toEqual([]);
  });

  test("is not, after someone has signed out here", async () => {
    remember(3600);
    const account = open();
    await account.token();
    await account.signOut();
    await expect(account.token()).rejects.toThrow(SignedOutError);
    expect(account.getSnapshot()).toEqual({ status: "out", ended: true, left: "here" });
    expect(auth.calls).toEqual(["logout"]);
  });
});

describe("Clocks", () => {
  test.each([-7200, 7200])("%d s apart: a token is renewed by its own life", async (ahead) => {
    auth.ahead = ahead;
    const account = open();
    const token = await account.token();
    for (let n = 0; n < 5; n += 1) expect(await account.token()).toBe(token);
    expect(auth.calls).toEqual(["signup"]);
  });
});

describe("A sign-in that fails", () => {
  const HTML = "<html><title>Blocked</title></html>";

  test.each([
    [400, "captcha_failed", undefined, /captcha/, false],
    [422, "anonymous_provider_disabled", undefined, /need an account here/, false],
    [429, "over_request_rate_limit", undefined, /too many sign-ins/, true],
    [500, "unexpected_failure", undefined, /isn't responding properly/, true],
    [403, "", HTML, /isn't responding properly/, true],
    [502, "", HTML, /isn't responding properly/, true],
    [200, "", HTML, /isn't responding properly/, true],
  ] as const)("with %d %s is told in words", async (status, code, page, words, retryable) => {
    auth.refusal = status;
    auth.code = code;
    auth.page = page;
    const account = open();
    const failed = await account.token().catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(SignInError);
    expect(failed).toMatchObject({ message: expect.stringMatching(words), retryable });
    await expect(account.signIn("me@example.com", "x")).rejects.toThrow(words);
    await expect(account.signUp("me@example.com", "x")).rejects.toThrow(words);
  });

  test("without a server is told in words", async () => {
    auth.server.close();
    await expect(open().signIn("me@example.com", "x")).rejects.toThrow(/Try again in a moment/);
  });
});

test("A sign-out works where Auth cannot be told", async () => {
  remember(3600);
  const account = open();
  await account.token();
  auth.refusal = 500;
  await account.signOut();
  expect(account.getSnapshot()).toEqual({ status: "out", ended: true, left: "here" });
  expect(localStorage.getItem("utter-auth")).toBeNull();
  await expect(account.token()).rejects.toThrow(SignedOutError);
});
