import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { datasetKinds, openDataset, openDetection, openSegmentation } from "../src/index.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();

describe("the registry", () => {
  it("holds every kind that has a file", () => {
    const kinds = new URL("../src/kinds/", import.meta.url);
    const defined = readdirSync(kinds)
      .map(
        (name) =>
          /defineDataset<\w+>\(\{\s*kind: "(\w+)"/.exec(readFileSync(new URL(name, kinds), "utf8"))?.[1],
      )
      .filter((kind) => kind !== undefined);
    expect(datasetKinds.map(({ kind }) => kind).sort()).toEqual(defined.sort());
    expect(defined.length).toBeGreaterThanOrEqual(4);
  });

  it.each(datasetKinds.map(({ kind, usage }) => [kind, usage]))(
    "the usage of %s names its kind",
    (kind, usage) => {
      expect(usage.startsWith(`${kind}:`)).toBe(true);
    },
  );

  it("opens from text and from data alike", async () => {
    const text = await openDataset("scenes:count=7,size=16,seed=3,labels=fine");
    const data = await openDataset({ kind: "scenes", count: 7, size: 16, seed: 3, labels: "fine" });
    expect(text.digest).toBe(data.digest);
    expect(text.length).toBe(7);
    expect(text.classes).toHaveLength(50);
  });

  it("lets a path hold commas and equals signs", async () => {
    write(folder, "a,b=c/cat/1.png", await image([1, 2, 3]));
    const dataset = await openDataset(`folder:${folder}/a,b=c`);
    expect(dataset.id(0)).toBe("cat/1.png");
  });
});

describe("a spec that makes no sense", () => {
  it.each([
    ["scene:count=5", 'unknown kind of dataset "scene"; did you mean scenes?'],
    ["", 'unknown kind of dataset ""'],
    ["scenes:count=5,sise=32", 'no option "sise"; did you mean size?'],
    ["scenes:count=5,size", '"size" is not of the form name=value'],
    ["scenes:size=32", "count"],
    ["scenes:count=0", "count"],
    ["scenes:count=2.5", "count"],
    ["scenes:count=5,size=4", "size"],
    ["scenes:count=5,labels=coarse", "labels"],
    ["folder:", "path"],
  ])("%s", async (spec, message) => {
    const text = await refusal(openDataset(spec));
    expect(text).toMatch(/^CONFIG_INVALID: /);
    expect(text).toContain(message);
  });

  it("lists the known kinds", async () => {
    const text = await refusal(openDataset("lmdb:x"));
    for (const { kind } of datasetKinds) expect(text).toContain(kind);
  });

  it("names the kinds that have boxes, or label maps, when one has not", async () => {
    const boxes = await refusal(openDetection(`folder:${folder}`));
    expect(boxes).toMatch(/^CONFIG_INVALID: a dataset of kind folder has no boxes \| these have: .*scenes:/);
    const maps = await refusal(openSegmentation(`folder:${folder}`));
    expect(maps).toMatch(
      /^CONFIG_INVALID: a dataset of kind folder has no label maps \| these have: .*scenes:/,
    );
    expect(await refusal(openDetection("scene:count=5"))).toContain("did you mean scenes?");
  });

  it("refuses an unknown field of a spec given as data", async () => {
    const text = await refusal(openDataset({ kind: "folder", path: folder, lables: "x" }));
    expect(text).toContain('no option "lables"');
  });
});
