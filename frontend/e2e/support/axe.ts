/** axe-core inside the page. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type axe from "axe-core";
import type { Page } from "playwright-core";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function violations(page: Page): Promise<string[]> {
  // Evaluated and not added as a script: the page's policy allows no inline ones.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  return page.evaluate(async () => {
    // What fades in has its colours once it is there.
    const fades = document.getAnimations().filter((each) => {
      return each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
    });
    await Promise.allSettled(fades.map((each) => each.finished));
    const { axe: loaded } = window as unknown as { axe: typeof axe };
    const result = await loaded.run(document, { resultTypes: ["violations"] });
    return result.violations.flatMap((violation) =>
      violation.nodes.map((node) => `${violation.id}: ${node.html}`),
    );
  });
}
