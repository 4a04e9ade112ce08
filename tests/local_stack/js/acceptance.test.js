// What a page does with Supabase, done by its own client. Wants SUPABASE_URL,
// SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY and a table `notes` under policies of its owners.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";

import { createClient } from "@supabase/supabase-js";

const { SUPABASE_URL, SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY } = process.env;
const BUCKET = "reference-audio";
const SOUND = new Uint8Array(5000).map((_, position) => position % 251);

function open(key = SUPABASE_PUBLISHABLE_KEY) {
  const auth = { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false };
  // Node 20 has no WebSocket, without which a client is not made; nothing here opens one.
  const realtime = { transport: globalThis.WebSocket ?? class {} };
  return createClient(SUPABASE_URL, key, { auth, realtime });
}

// The data of an answer that must be a success.
async function ok(answer) {
  const { data, error } = await answer;
  assert.equal(error, null, JSON.stringify(error));
  return data;
}

async function refused(answer) {
  const { error } = await answer;
  assert.ok(error, "the call was not refused");
  return error;
}

async function anonymous() {
  const client = open();
  const { user } = await ok(client.auth.signInAnonymously());
  return { client, id: user.id, files: client.storage.from(BUCKET) };
}

const blob = (type = "audio/wav") => new Blob([SOUND], { type });

async function bytes(found) {
  return new Uint8Array(await found.arrayBuffer());
}

test("a visitor signs in, refreshes and is told apart by a verified token", async () => {
  const { client, id } = await anonymous();
  const { session: before } = await ok(client.auth.getSession());
  const { session: after } = await ok(client.auth.refreshSession());
  assert.equal(after.user.id, id);
  assert.notEqual(after.refresh_token, before.refresh_token);
  const { claims } = await ok(client.auth.getClaims());
  assert.equal(claims.sub, id);
  assert.equal(claims.is_anonymous, true);
  assert.equal(claims.iss, `${SUPABASE_URL}/auth/v1`);
});

test("an account signs up, out and in again, and is one person", async () => {
  const client = open();
  const credentials = { email: `${randomUUID()}@example.com`, password: "correct horse" };
  const { user } = await ok(client.auth.signUp(credentials));
  await ok(client.auth.signOut().then(({ error }) => ({ data: null, error })));
  const wrong = { ...credentials, password: "wrong horse" };
  assert.equal((await refused(client.auth.signInWithPassword(wrong))).code, "invalid_credentials");
  const again = await ok(client.auth.signInWithPassword(credentials));
  assert.equal(again.user.id, user.id);
  const short = { email: `${randomUUID()}@example.com`, password: "short" };
  assert.equal((await refused(client.auth.signUp(short))).code, "weak_password");
});

test("a visitor becomes an account and keeps what is theirs", async () => {
  const { client, id } = await anonymous();
  await ok(client.from("notes").insert({ title: "kept" }));
  const email = `${randomUUID()}@example.com`;
  const { user } = await ok(client.auth.updateUser({ email, password: "correct horse" }));
  assert.equal(user.id, id);
  assert.equal(user.is_anonymous, false);
  await ok(client.auth.refreshSession());
  assert.deepEqual(await ok(client.from("notes").select("title")), [{ title: "kept" }]);
});

test("signing out ends the session for the server too", async () => {
  const { client } = await anonymous();
  const { session } = await ok(client.auth.getSession());
  await client.auth.signOut();
  assert.ok(await refused(client.auth.getUser(session.access_token)));
  assert.ok(await refused(client.auth.refreshSession(session)));
});

test("two people cannot see each other's rows", async () => {
  const [ada, eve] = [await anonymous(), await anonymous()];
  const row = await ok(ada.client.from("notes").insert({ title: "mine" }).select().single());
  assert.equal(row.owner, ada.id);
  assert.deepEqual(await ok(eve.client.from("notes").select()), []);
  assert.deepEqual(
    await ok(eve.client.from("notes").delete().eq("id", row.id).select()),
    [],
  );
  const error = await refused(eve.client.from("notes").insert({ title: "hers", owner: ada.id }));
  assert.equal(error.code, "42501");
  assert.equal((await refused(open().from("notes").select())).code, "42501");
});

test("rows are filtered, sorted and changed", async () => {
  const { client } = await anonymous();
  const notes = () => client.from("notes");
  for (const row of [{ title: "a", score: 1 }, { title: "b" }, { title: "c, (d)" }]) {
    await ok(notes().insert(row));
  }
  const some = await ok(notes().select("title").in("title", ["c, (d)", "a"]).order("title"));
  assert.deepEqual(some, [{ title: "a" }, { title: "c, (d)" }]);
  assert.equal(await ok(notes().select("title").eq("title", "none").maybeSingle()), null);
  assert.equal((await refused(notes().select("title").single())).code, "PGRST116");
  await ok(notes().update({ score: 2 }).eq("title", "a"));
  assert.deepEqual(await ok(notes().select("score").eq("title", "a").limit(1)), [{ score: 2 }]);
});

test("functions are called by name, and those of the service by the service alone", async () => {
  const { client, id } = await anonymous();
  const usage = await ok(open(SUPABASE_SECRET_KEY).rpc("usage_today", { user_id: id }));
  assert.deepEqual(usage.open_sessions, []);
  assert.equal((await refused(client.rpc("usage_today", { user_id: id }))).code, "42501");
  assert.equal((await refused(client.rpc("no_such_function"))).code, "PGRST202");
});

test("a take is stored, read back in both ways, listed and removed", async () => {
  const { id, files } = await anonymous();
  const path = `${id}/takes/a.wav`;
  const stored = await ok(files.upload(path, blob()));
  assert.equal(stored.fullPath, `${BUCKET}/${path}`);
  assert.deepEqual(await bytes(await ok(files.download(path))), SOUND);
  const { signedUrl } = await ok(files.createSignedUrl(path, 60));
  assert.deepEqual(await bytes(await fetch(signedUrl)), SOUND);
  assert.equal((await files.exists(path)).data, true);
  assert.equal((await files.exists(`${id}/takes/none.wav`)).data, false);
  const [entry] = await ok(files.list(`${id}/takes`));
  assert.equal(entry.name, "a.wav");
  assert.equal(entry.metadata.mimetype, "audio/wav");
  const raw = { contentType: "audio/wav", upsert: true };
  await ok(files.upload(path, SOUND.slice(0, 10), raw));
  assert.equal((await ok(files.download(path))).size, 10);
  await ok(files.update(path, blob()));
  const removed = await ok(files.remove([path, `${id}/takes/none.wav`]));
  assert.equal(removed.length, 1);
  assert.deepEqual(await ok(files.list(`${id}/takes`)), []);
});

test("two people cannot reach each other's files", async () => {
  const [ada, eve] = [await anonymous(), await anonymous()];
  const path = `${ada.id}/takes/a.wav`;
  await ok(ada.files.upload(path, blob()));
  assert.equal((await refused(ada.files.upload(path, blob()))).statusCode, "409");
  assert.ok(await refused(eve.files.download(path)));
  assert.equal((await refused(eve.files.createSignedUrl(path, 60))).statusCode, "404");
  assert.equal((await refused(eve.files.upload(`${ada.id}/takes/b.wav`, blob()))).statusCode, "403");
  assert.deepEqual(await ok(eve.files.list(`${ada.id}/takes`)), []);
  assert.deepEqual(await ok(eve.files.remove([path])), []);
  assert.equal((await ok(ada.files.download(path))).size, SOUND.length);
});

test("a bucket's limits are told as such", async () => {
  const { id, files } = await anonymous();
  const path = `${id}/takes/a.wav`;
  assert.equal((await refused(files.upload(path, blob("text/plain")))).statusCode, "415");
  const large = new Blob([new Uint8Array(52_428_801)], { type: "audio/wav" });
  assert.equal((await refused(files.upload(path, large))).statusCode, "413");
});

test("what is not here is refused by name", async () => {
  const { client } = await anonymous();
  assert.equal((await refused(client.auth.signInWithOtp({ email: "a@example.com" }))).status, 501);
  assert.match((await refused(client.from("notes").select("*, users(*)"))).message, /users/);
  assert.match((await refused(client.from("notes").upsert({ title: "a" }))).message, /support/);
  assert.match((await refused(client.from("notes").select().gt("score", 1))).message, /'gt'/);
  assert.match((await refused(client.storage.listBuckets())).message, /bucket/);
  const files = client.storage.from(BUCKET);
  assert.match((await refused(files.copy("a.wav", "b.wav"))).message, /copy/);
  assert.match((await refused(files.createSignedUploadUrl("a.wav"))).message, /upload/);
});
