import { describe, expect, it } from "vitest";
import { holdOut, kShot, listedIndices, openDataset, order, splitFraction, subset } from "../src/index.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

/** 10 classes with 20, 30, … 110 images, mixed. */
const labels = Int32Array.from(
  Array.from({ length: 650 }, (_, i) => i).flatMap((i) => (i % 65 < 2 ? [0] : [Math.floor(i / 65)])),
);
const countOf = (list: Iterable<number>, label: number) =>
  [...list].filter((i) => labels[i] === label).length;

describe("order", () => {
  it("is a permutation that depends on seed and epoch alone", () => {
    const first = order(100, 1, 0);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(order(100, 1, 0)).toEqual(first);
    expect(order(100, 1, 1)).not.toEqual(first);
    expect(order(100, 2, 0)).not.toEqual(first);
  });
});

describe("subset", () => {
  it("takes the first, or a random part that grows with its size", () => {
    expect([...subset(10, { first: 3 })]).toEqual([0, 1, 2]);
    const small = subset(1000, { random: 10, seed: 4 });
    const large = subset(1000, { random: 50, seed: 4 });
    expect([...small]).toEqual([...small].sort((a, b) => a - b));
    expect(new Set(large).size).toBe(50);
    expect([...small].every((index) => large.includes(index))).toBe(true);
  });

  it.each([0, 11, 2.5])("refuses %s of 10", (count) => {
    expect(() => subset(10, { first: count })).toThrow(/a subset of .* images of a dataset of 10/);
  });
});

describe("class-balanced splits", () => {
  it("k-shot takes k of each class", () => {
    const taken = kShot(labels, 5, 1);
    expect(taken.length).toBe(50);
    for (let label = 0; label < 10; label++) expect(countOf(taken, label)).toBe(5);
    expect(kShot(labels, 5, 1)).toEqual(taken);
    expect(kShot(labels, 5, 2)).not.toEqual(taken);
    expect(() => kShot(labels, 64, 1)).toThrow(/class \d has 63 images, 64 were asked for/);
    expect(() => kShot(labels, 0, 1)).toThrow(/shots is 0/);
  });

  it("a fraction takes its share of each class, at least one, and nests", () => {
    const ten = splitFraction(labels, 0.1, 1);
    for (let label = 0; label < 10; label++)
      expect(countOf(ten, label)).toBe(Math.max(1, Math.round(countOf(labels.keys(), label) * 0.1)));
    const tiny = splitFraction(labels, 0.001, 1);
    expect(tiny.length).toBe(10);
    expect([...tiny].every((index) => ten.includes(index))).toBe(true);
    expect(splitFraction(labels, 1, 1).length).toBe(labels.length);
    expect(() => splitFraction(labels, 1.5, 1)).toThrow(/a fraction of 1.5/);
  });

  it("hold-out parts every labelled image once", () => {
    const { train, validation } = holdOut(labels, 0.2, 1);
    expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    for (let label = 0; label < 10; label++)
      expect(countOf(validation, label)).toBe(Math.round(countOf(labels.keys(), label) * 0.2));
    const alone = holdOut(Int32Array.of(0, 1, 1, -1), 0.5, 1);
    expect([alone.train.length, alone.validation.length]).toEqual([2, 1]);
    expect(alone.train).toContain(0);
    expect(() => holdOut(labels, 1, 1)).toThrow(/a fraction of 1/);
  });

  it("needs labels", () => {
    expect(() => kShot(Int32Array.of(-1, -1), 1, 1)).toThrow(/no image has a label/);
  });
});

describe("list files", async () => {
  const folder = temporaryFolder();
  for (const id of ["a/1.png", "a/2.png", "b/2.png", "b/3.png"])
    write(folder, `set/${id}`, await image([1, 2, 3]));
  const dataset = await openDataset(`folder:${folder}/set`);
  const list = (text: string) => listedIndices(dataset, write(folder, "list.txt", text));

  it("name ids, or last parts of ids", async () => {
    expect([...(await list("# chosen\r\nb/2.png\r\n\r\n1.png\n"))]).toEqual([2, 0]);
  });

  it.each([
    ["4.png", /line 1: "4.png" is no image of set; did you mean/],
    ["1.png\n2.png", /line 2: 2.png names several images/],
    ["1.png\n\na/1.png", /line 3: a\/1.png is there already, on line 1/],
    ["# nothing", /lists no images/],
  ])("refuse %j", async (text, message) => {
    const refused = await refusal(list(text));
    expect(refused).toMatch(/^DATA_REFUSED/);
    expect(refused).toMatch(message);
  });

  it("must exist", async () => {
    expect(await refusal(listedIndices(dataset, `${folder}/none`))).toMatch(/^FILE_MISSING/);
  });
});
