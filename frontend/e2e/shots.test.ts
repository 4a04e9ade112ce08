import { mkdirSync } from "node:fs";
import { test } from "vitest";
import { launch, openPage } from "./support/browser";
import { FakeWire } from "./support/fake-wire";
import { servePage } from "./support/page-server";
import { E2E_BUILD } from "./support/setup";

mkdirSync("/tmp/shots", { recursive: true });
test("shots", async () => {
  const server = await servePage(E2E_BUILD);
  const browser = await launch();
  for (const scheme of ["light", "dark"] as const) {
    for (const width of [320, 768, 1440]) {
      const wire = new FakeWire();
      const { context, page, complaints } = await openPage(browser, {
        colorScheme: scheme,
        viewport: { width, height: 900 },
      });
      await wire.install(context);
      page.on("console", (m) => console.log(m.type(), m.text()));
      await page.goto(`${server.url}/clone`);
      await page.getByRole("button", { name: "Start recording" }).waitFor();
      await page.screenshot({ path: `/tmp/shots/${scheme}-${width}-1idle.png`, fullPage: true });
      await page.getByRole("button", { name: "Start recording" }).click();
      await page.waitForTimeout(5500);
      await page.screenshot({ path: `/tmp/shots/${scheme}-${width}-2rec.png`, fullPage: true });
      await page.getByRole("button", { name: "Stop recording" }).click();
      await page
        .getByText("Final")
        .waitFor()
        .catch((e) => console.log(String(e)));
      await page.waitForTimeout(300);
      await page.screenshot({ path: `/tmp/shots/${scheme}-${width}-3take.png`, fullPage: true });
      console.log(scheme, width, complaints, wire.uploads, wire.sockets, wire.audioBytes);
      await context.close();
    }
  }
  await browser.close();
  await server.close();
}, 200000);
