import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { attentionSvg } from "../src/attention-svg.js";
import { cellColour } from "../src/colour-scale.js";
import { contributionsOf } from "../src/contribution-reading.js";
import { contributionsSvg } from "../src/contributions-svg.js";
import { heatMapSvg, lineChartSvg, renderReport } from "../src/index.js";
import { detectionSvg, segmentationSvg } from "../src/pictures-svg.js";
import { chromiumMissing, inChromium, launchChromium } from "./chromium.js";
import { denseResults } from "./example-dense.js";
import { everythingResults, severalRuns } from "./example-everything.js";
import { headResults } from "./example-heads.js";
import { bareResults, environment, gridOf, runOf, wholeResults } from "./example-runs.js";

/** Smallest contrast that small text may have (WCAG 2.2 AA). */
const CONTRAST = 4.5;

describe.skipIf(chromiumMissing)(inChromium("in Chromium"), () => {
  let folder: string;
  let browser: Browser;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "difftap-page-"));
    const names = Array.from({ length: 10 }, (_, index) => `class ${index}`);
    const large = { ...wholeResults(names), grid: gridOf(37, ["clean", 10, 30, 90, 150, 300, 500]) };
    await writeFile(
      join(folder, "whole.html"),
      renderReport([runOf(wholeResults(), { environment, config: "a: 1\n" })]),
    );
    await writeFile(join(folder, "large.html"), renderReport([runOf(large), runOf(bareResults())]));
    await writeFile(
      join(folder, "heat-map.svg"),
      heatMapSvg(runOf(large).results.grid!, { title: 'a < b & "c"' }),
    );
    await writeFile(
      join(folder, "chart.svg"),
      lineChartSvg({ title: "<&>", xLabel: "x", yLabel: "y", series: [] }),
    );
    const heads = runOf(headResults());
    await writeFile(join(folder, "heads.html"), renderReport([heads]));
    await writeFile(join(folder, "attention.svg"), attentionSvg(heads.results.attention![0]!));
    const [weights] = contributionsOf(heads.results.tapWeights);
    await writeFile(join(folder, "contributions.svg"), contributionsSvg(weights!));
    const dense = runOf(denseResults());
    await writeFile(join(folder, "dense.html"), renderReport([dense]));
    await writeFile(join(folder, "detection.svg"), detectionSvg(dense.results.detection![0]!));
    await writeFile(join(folder, "segmentation.svg"), segmentationSvg(dense.results.segmentation![0]!));
    await writeFile(join(folder, "everything.html"), renderReport([runOf(everythingResults())]));
    await writeFile(join(folder, "several.html"), renderReport(severalRuns()));
    browser = await launchChromium();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Opens a file; whatever the console says or the page asks for besides itself is listed. */
  async function open(file: string, width: number, colorScheme: "light" | "dark") {
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    // How long a busy machine may take is said by the tests.
    page.setDefaultTimeout(0);
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => complaints.push(dialog.message()));
    page.on("request", (request) => {
      if (!request.url().startsWith("data:") && !request.url().endsWith(file)) complaints.push(request.url());
    });
    await page.goto(pathToFileURL(join(folder, file)).href);
    return { page, complaints };
  }

  const pages = [
    { file: "whole.html", maps: 1 },
    { file: "large.html", maps: 1 },
    { file: "heads.html", maps: 1 },
    { file: "dense.html", maps: 0 },
    { file: "everything.html", maps: 10 },
    { file: "several.html", maps: 10 },
  ];
  const views = pages.flatMap((page) =>
    [400, 1280].flatMap((width) =>
      (["light", "dark"] as const).map((scheme) => ({ ...page, width, scheme })),
    ),
  );

  it.each(views)(
    "$file at $width px, $scheme: no complaint, no overflow, readable",
    async ({ file, maps, width, scheme }) => {
      const { page, complaints } = await open(file, width, scheme);
      await page.evaluate(
        "document.querySelectorAll('details').forEach((details) => { details.open = true; })",
      );
      expect(complaints).toEqual([]);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      expect(await page.locator("table.cells:visible").count()).toBe(maps);
      expect(Number(await page.evaluate(lowestContrast))).toBeGreaterThanOrEqual(CONTRAST);
      await page.context().close();
    },
    60_000,
  );

  it.each(["everything.html", "several.html"])(
    "%s says every picture in words, and calls no two things alike",
    async (file) => {
      const { page, complaints } = await open(file, 1280, "light");
      expect(await page.locator("main img, main svg").count()).toBeGreaterThan(40);
      expect(await page.evaluate(picturesWithoutWords)).toEqual([]);
      expect(await page.evaluate(sharedIds)).toEqual([]);
      expect(await page.evaluate(brokenLinks)).toEqual([]);
      expect(complaints).toEqual([]);
      await page.context().close();
    },
    60_000,
  );

  it("has another background in the dark, and prints on white", async () => {
    const { page } = await open("whole.html", 1280, "dark");
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(await background()).toBe("rgb(21, 22, 24)");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await background()).toBe("rgb(253, 252, 250)");
    await page.emulateMedia({ colorScheme: "dark", media: "print" });
    expect(await background()).toBe("rgb(255, 255, 255)");
    await page.context().close();
  });

  it.each(["heads.html", "dense.html", "several.html"])("prints %s on the width of a sheet", async (file) => {
    const { page } = await open(file, 680, "light");
    await page.emulateMedia({ media: "print" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(680);
    await page.context().close();
  });

  it("lays the attention over its picture, in grey, below colours that let it through", async () => {
    const { page } = await open("heads.html", 1280, "light");
    const [picture, panel] = [page.locator(".panels svg").nth(0), page.locator(".panels svg").nth(1)];
    const colour = async (locator: Locator) =>
      (await page.evaluate(middlePixel((await locator.screenshot()).toString("base64")))) as number[];
    expect(await colour(picture)).toEqual([255, 0, 0]);
    const { weights } = headResults().attention![0]!.examples[0]!.maps[0]!;
    // The middle of 4 × 4 cells is the upper left corner of the cell of row 3 and column 3.
    const level = Math.round((24 * weights[10]!) / Math.max(...weights)) / 24;
    const { fill } = cellColour(level);
    const heat = [1, 3, 5].map((at) => Number.parseInt(fill.slice(at, at + 2), 16));
    const grey = 0.2126 * 255;
    const found = await colour(panel);
    heat.forEach((channel, index) => {
      expect(Math.abs(found[index]! - (0.62 * channel + 0.38 * grey))).toBeLessThan(3);
    });
    await page.context().close();
  });

  it("paints boxes where they lie, and classes in their colours over the grey image", async () => {
    const { page } = await open("dense.html", 1280, "light");
    const inside = async (locator: Locator, x: number, y: number) =>
      (await page.evaluate(pixelAt((await locator.screenshot()).toString("base64"), x, y))) as number[];
    // The first picture is red; its found box spans a quarter to three quarters of both sides.
    const boxes = page.locator(".finds svg").first();
    expect(await inside(boxes, 0.5, 0.5)).toEqual([255, 0, 0]);
    expect(await inside(boxes, 0.25, 0.5)).toEqual([0x1f, 0x6f, 0xb4]);
    const [truth, overlay] = [page.locator(".segments svg").nth(1), page.locator(".segments svg").nth(3)];
    expect(await inside(truth, 0.25, 0.5)).toEqual([0x10, 0x80, 0xf0]);
    const over = await inside(overlay, 0.75, 0.5);
    [0xf0, 0x80, 0x10].forEach((channel, index) => {
      expect(Math.abs(over[index]! - (0.6 * channel + 0.4 * 0.2126 * 255))).toBeLessThan(3);
    });
    await page.context().close();
  });

  it.each([
    "heat-map.svg",
    "chart.svg",
    "attention.svg",
    "contributions.svg",
    "detection.svg",
    "segmentation.svg",
  ])("%s is well-formed XML", async (file) => {
    const { page, complaints } = await open(file, 1280, "light");
    expect(complaints).toEqual([]);
    expect(await page.evaluate("document.documentElement.nodeName")).toBe("svg");
    expect(await page.locator("parsererror").count()).toBe(0);
    await page.context().close();
  });
});

/** Runs in the page: the lowest contrast of visible text against the background it lies on, painted to be measured. */
const lowestContrast = `(() => {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((value) => ((value / 255) <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  // Letters with an outline beneath them stand on it.
  const behind = (element) => {
    const { paintOrder, stroke } = getComputedStyle(element);
    if (paintOrder.startsWith("stroke") && stroke !== "none") return rgba(stroke);
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 255];
  };
  const shown = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== ""));
  return Math.min(...shown.map((element) => {
    const style = getComputedStyle(element);
    const text = light(rgba(element.closest("svg") ? style.fill : style.color));
    const ground = light(behind(element));
    return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
  }));
})()`;

/** Runs in the page: pictures that have no name and, where they are hidden from readers, stand beside no text. */
const picturesWithoutWords = `[...document.querySelectorAll("img, svg, canvas")].filter((picture) => {
  const named = document.getElementById(picture.getAttribute("aria-labelledby"))?.textContent;
  const name = picture.getAttribute("alt") ?? picture.getAttribute("aria-label") ?? named ?? "";
  const beside = picture.closest("[aria-hidden=true]") && picture.closest("tr, li")?.textContent;
  return !/\\w/.test(beside || name);
}).map((picture) => picture.outerHTML.slice(0, 200))`;

/** Runs in the page: ids that several elements have. */
const sharedIds = `(() => {
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  return ids.filter((id, place) => ids.indexOf(id) !== place);
})()`;

/** Runs in the page: places inside it that are referred to and are not there. */
const brokenLinks = `[...document.querySelectorAll("[href^='#'], [aria-labelledby]")]
  .map((element) => element.getAttribute("aria-labelledby") ?? element.getAttribute("href").slice(1))
  .filter((id) => !document.getElementById(id))`;

const middlePixel = (png: string) => pixelAt(png, 0.5, 0.5);

/** Runs in the page: red, green and blue at a place (shares of width and height) of a PNG given in base64. */
const pixelAt = (png: string, x: number, y: number) => `(async () => {
  const picture = new Image();
  picture.src = "data:image/png;base64,${png}";
  await picture.decode();
  const context = document.createElement("canvas").getContext("2d");
  context.drawImage(picture, -Math.floor(${x} * picture.width), -Math.floor(${y} * picture.height));
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
})()`;
