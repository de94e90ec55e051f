/** The sections of an analysis in Chromium: readable in light and dark, on wide and narrow windows, and on paper. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analysisFigures } from "../src/analysis-svg.js";
import { renderReport } from "../src/index.js";
import { chromiumMissing, inChromium, launchChromium } from "./chromium.js";
import { analysisResults } from "./example-analysis.js";
import { runOf } from "./example-runs.js";

describe.skipIf(chromiumMissing)(inChromium("an analysis in Chromium"), () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "difftap-analysis-page-"));
    const run = runOf(analysisResults());
    await writeFile(join(folder, "page.html"), renderReport([run]));
    for (const [name, draw] of analysisFigures(run.results.analysis))
      await writeFile(join(folder, `${name}.svg`), draw("dark"));
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(file: string, width: number, colorScheme: "light" | "dark") {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(dialog.message()));
    await page.goto(pathToFileURL(join(folder, file)).href);
    return { page, complaints };
  }

  const views = [400, 1280].flatMap((width) =>
    (["light", "dark"] as const).map((scheme) => ({ width, scheme })),
  );

  it.each(views)("at $width px, $scheme: no complaint, no overflow", async ({ width, scheme }) => {
    const { page, complaints } = await open("page.html", width, scheme);
    await page.evaluate(
      "document.querySelectorAll('details').forEach((details) => { details.open = true; })",
    );
    expect(complaints).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(await page.locator("table.cells:visible").count()).toBe(8);
    await page.context().close();
  });

  it("prints on the width of a sheet", async () => {
    const { page } = await open("page.html", 680, "light");
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(680);
    await page.context().close();
  });

  it.each(["cka-1.svg", "purity-1.svg", "points-1.svg", "rung-1.svg"])(
    "%s is well-formed XML",
    async (file) => {
      const { page, complaints } = await open(file, 1280, "dark");
      expect(complaints).toEqual([]);
      expect(await page.evaluate("document.documentElement.nodeName")).toBe("svg");
      expect(await page.locator("parsererror").count()).toBe(0);
      await page.context().close();
    },
  );
});
