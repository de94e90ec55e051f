/** The suites that come with the program: each can be planned, its data sets are of known kinds, its figures are the paper's. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { memoryTerminal, resolveSettings } from "@difftap/command-line";
import { datasetKinds } from "@difftap/datasets";
import { expect, test } from "vitest";
import { z } from "zod";
import { trainProgram } from "../dist/index.js";
import { knownCommands } from "../src/suite-commands.js";
import { planSuite } from "../src/suite-plan.js";
import { type SuiteSettings, suiteOptions } from "../src/suite-settings.js";

const commands = knownCommands(trainProgram(memoryTerminal()));
const schema = z.object(
  Object.fromEntries(Object.entries(suiteOptions).map(([name, { value }]) => [name, value])),
);
const folder = new URL("../presets/suite/", import.meta.url);
const names = readdirSync(folder).map((file) => file.replace(".yaml", ""));

function planned(name: string) {
  const presetFile = fileURLToPath(new URL(`${name}.yaml`, folder));
  const settings = resolveSettings({ schema, flags: { data: "data", out: "runs" }, presetFile });
  return planSuite(settings as SuiteSettings, commands);
}

test("there are these", () => expect(names).toEqual(["fgvc", "scenes", "semi-supervised"]));

test.each(names)("%s can be planned, and reads data sets of known kinds", (name) => {
  const jobs = planned(name);
  expect(jobs.length).toBeGreaterThan(0);
  const settings = jobs.flatMap(({ steps }) => steps.map((step) => step.settings));
  const specs = settings.flatMap(({ train, test: other, dataset }) => [train, other, dataset]);
  for (const spec of specs.filter((each) => typeof each === "string" && !each.endsWith(".zarr"))) {
    const [kind, rest] = (spec as string).split(":") as [string, string];
    const definition = datasetKinds.find((known) => known.kind === kind);
    const options = [...rest.matchAll(/(?:^|,)(\w+)=/g)].map(([, option]) => option!);
    expect(options.filter((option) => !definition?.options.includes(option))).toEqual([]);
  }
});

test.each(names)("%s takes presets that are there", (name) => {
  const steps = planned(name).flatMap((job) => job.steps);
  for (const { command, preset } of steps.filter((step) => step.preset !== undefined)) {
    const [, own] = command.split(" ");
    expect(existsSync(new URL(`../${own}/${preset}.yaml`, folder)), `${command}, ${preset}`).toBe(true);
  }
});

test("scenes reads boxes, masks and pixels through trained and through random weights", () => {
  const dense = planned("scenes").filter(({ steps }) => /detect|segment/.test(steps[0]!.command));
  expect(dense.map(({ title, metrics, steps }) => [title, metrics![0], steps[0]!.settings.backbone])).toEqual(
    [
      ["boxes and masks, detector", "box AP", undefined],
      ["boxes and masks, detector on random weights", "box AP", "random"],
      ["label maps, segmenter", "mIoU", undefined],
      ["label maps, segmenter on random weights", "mIoU", "random"],
    ],
  );
});

test("fgvc has the paper's figures beside its jobs", () => {
  const figures = ["linear", "attention", "DifFormer", "DifFeed"].map((reading) =>
    planned("fgvc")
      .filter((job) => job.reading === reading)
      .map(({ paper, dataset }) => paper!.figures[dataset]),
  );
  expect(figures).toEqual([
    [31.6, 26.5, 25.2, 56.9, 75.4, 18.3, undefined, undefined],
    [64.3, 71.5, 66.4, 79.1, 88.3, 63.9, undefined, undefined],
    [65.5, 77.4, 72.6, 81.4, 89.9, 69.4, undefined, undefined],
    [73.5, 82.9, 71.2, 80.6, 90.3, 71.0, undefined, undefined],
  ]);
});
