/** The pieces of an analysis, against what can be computed by hand. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NdArray, ndarray, normals } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { createHead, findHead, saveHead } from "@difftap/heads";
import { correctKeypoints } from "@difftap/metrics";
import { describe, expect, test } from "vitest";
import { cellName, surfaceOf, wholeGrid } from "../src/compose/analysis/cell.js";
import { changeImage, changeOf } from "../src/compose/analysis/changes.js";
import { findPoints } from "../src/compose/analysis/found-points.js";
import { successiveHalving } from "../src/compose/analysis/halving.js";
import { pointGrid, pointPairs } from "../src/compose/analysis/keypoints.js";
import { partsOf } from "../src/compose/analysis/parts.js";
import { penultimateOf } from "../src/compose/analysis/penultimate.js";
import { type MeasuredCell, regretOf } from "../src/compose/analysis/regret.js";
import { meanFeatures } from "../src/compose/analysis/scoring.js";
import type { AnalysisSession } from "../src/compose/analysis/session.js";
import { CHANGES } from "../src/compose/analysis/settings.js";
import { spread } from "../src/compose/spread.js";

const draw = (index: number, shape: number[]): NdArray<"float32"> =>
  ndarray(
    "float32",
    shape,
    normals(
      { seed: 5, stream: 1, index },
      shape.reduce((a, b) => a * b),
    ),
  );

describe("successive halving", () => {
  const worth = [3, 9, 5, 9, 1];
  const candidates = [0, 1, 2, 3, 4];
  const score = async (left: readonly number[]) => left.map((candidate) => worth[candidate]!);

  test("with the whole budget at once takes the best of the grid, of equal ones the first", async () => {
    const rungs = await successiveHalving({ candidates, rungs: [100], keep: 0.5, score });
    expect(rungs).toHaveLength(1);
    expect(rungs[0]!.kept).toEqual([1]);
    expect(rungs[0]!.scores.map((each) => each.score)).toEqual(worth);
  });

  test("keeps the better half, rounded up, and asks for the rest no more", async () => {
    const asked: (readonly number[])[] = [];
    const rungs = await successiveHalving({
      ...{ candidates, rungs: [10, 20, 40], keep: 0.5 },
      score: async (left, images, rung) => {
        asked.push([...left, images, rung]);
        return score(left);
      },
    });
    expect(asked).toEqual([
      [0, 1, 2, 3, 4, 10, 0],
      [1, 2, 3, 20, 1],
      [1, 3, 40, 2],
    ]);
    expect(rungs.map(({ kept }) => kept)).toEqual([[1, 3, 2], [1, 3], [1]]);
  });

  test("ends where one is left, and never drops to none", async () => {
    const rungs = await successiveHalving({ candidates, rungs: [10, 20, 40], keep: 0, score });
    expect(rungs.map(({ images, kept }) => [images, kept])).toEqual([[10, [1]]]);
    const all = await successiveHalving({ candidates, rungs: [10, 20], keep: 1, score });
    expect(all.map(({ kept }) => kept.length)).toEqual([5, 1]);
  });

  test("a rung may change its mind", async () => {
    const moody = async (left: readonly number[], images: number) =>
      left.map((candidate) => (images === 10 ? worth[candidate]! : -worth[candidate]!));
    const rungs = await successiveHalving({ candidates, rungs: [10, 20], keep: 0.6, score: moody });
    expect(rungs.at(-1)!.kept).toEqual([2]);
  });
});

describe("regret", () => {
  const said = { protocol: "a probe", split: "test", n: 100, seeds: [1] };
  const cell = (block: number, value: number, low: number, high: number): MeasuredCell => ({
    ...{ block, timestep: 50 as const, value, interval: [low, high] as const },
  });
  const cells = [cell(1, 30, 22, 40), cell(2, 50, 40, 60), cell(3, 46, 37, 56)];

  test("is best minus chosen, with Newcombe's interval", () => {
    const regret = regretOf(cells, { block: 3, timestep: 50 }, said);
    expect(regret.value).toBeCloseTo(4, 12);
    // From 4: √(10² + 10²) below, √(10² + 9²) above.
    expect(regret.interval[0]).toBeCloseTo(4 - Math.sqrt(200), 12);
    expect(regret.interval[1]).toBeCloseTo(4 + Math.sqrt(181), 12);
    expect(regret).toMatchObject({ best: { block: 2, timestep: 50, top1: 50 }, chosenTop1: 46, ...said });
  });

  test("is nothing where the best was chosen, also beside an equal one", () => {
    expect(regretOf(cells, cells[1]!, said)).toMatchObject({ value: 0, interval: [0, 0] });
    const twins = [...cells, cell(4, 50, 40, 60)];
    expect(regretOf(twins, twins[3]!, said)).toMatchObject({ value: 0, best: { block: 4 } });
  });

  test("needs a number for what was chosen", () => {
    expect(() => regretOf(cells, { block: 9, timestep: 50 }, said)).toThrow(/no number for t50\/b09/);
  });
});

describe("changes of an image", () => {
  const size = 20;
  const planes = Uint8Array.from({ length: 3 * size * size }, (_, at) => (at * 37) % 251);
  const address = { size, seed: 3, id: "an image" };
  const points = pointGrid(5, size);

  test.each(CHANGES)("%s: where a point went is where it comes from", (name) => {
    const { source, target } = changeOf(name, address);
    for (const point of points) {
      const back = source(target(point));
      expect(back.x).toBeCloseTo(point.x, 9);
      expect(back.y).toBeCloseTo(point.y, 9);
    }
    expect(changeOf(name, address).target(points[3]!)).toEqual(target(points[3]!));
  });

  test("crops, turns and warps are drawn for each image", () => {
    for (const name of ["crop", "rotate", "warp"] as const) {
      const [one, other] = ["a", "b"].map((id) => changeOf(name, { ...address, id }).target(points[0]!));
      expect(one).not.toEqual(other);
    }
  });

  test("identity leaves every pixel, flip mirrors each row", () => {
    expect(changeImage(planes, size, changeOf("identity", address))).toEqual(planes);
    const flipped = changeImage(planes, size, changeOf("flip", address));
    for (let at = 0; at < planes.length; at++) {
      const row = at - (at % size);
      expect(flipped[at]).toBe(planes[row + size - 1 - (at % size)]);
    }
  });

  test.each(["crop", "rotate", "warp"] as const)("%s moves what is at a point to where it says", (name) => {
    const change = changeOf(name, address);
    // A ramp is its own coordinate, so each pixel tells where it comes from.
    const ramp = Uint8Array.from({ length: 3 * size * size }, (_, at) => 10 * (at % size) + 5);
    const moved = changeImage(ramp, size, change);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const from = change.source({ x: x + 0.5, y: y + 0.5 });
        const held = Math.min(size - 0.5, Math.max(0.5, from.x));
        expect(Math.abs(moved[y * size + x]! - 10 * held)).toBeLessThanOrEqual(0.51);
      }
    }
  });
});

describe("points of one map in another", () => {
  const size = { height: 32, width: 32 };
  const cells = [{ block: 4, timestep: 50 as const }];
  const first = draw(1, [1, 6, 8, 8]);
  const pairOf = (second: NdArray<"float32">) => ({
    "t50/b04": ndarray("float32", [2, 6, 8, 8], Float32Array.of(...first.data, ...second.data)),
  });
  const points = pointGrid(8, 32);

  test("are all found in the same map: PCK of the identity is 1", () => {
    const found = findPoints(cells, pairOf(first), size, { points, truth: points }).get("t50/b04")!;
    expect(
      correctKeypoints([{ predicted: found, truth: points, size }], { alpha: 0.001, seed: 1 }).value,
    ).toBe(1);
    for (const { similarity, distance } of found) {
      expect(similarity).toBeCloseTo(1, 6);
      expect(distance).toBe(0);
    }
  });

  const mirrored = ndarray(
    "float32",
    [1, 6, 8, 8],
    first.data.map((_, at) => first.data[at - (at % 8) + 7 - (at % 8)]!),
  );

  test("are found in a mirrored map where they went", () => {
    const truth = points.map(({ x, y }) => ({ x: 32 - x, y }));
    const found = findPoints(cells, pairOf(mirrored), size, { points, truth }).get("t50/b04")!;
    expect(found.map(({ x, y }) => ({ x, y }))).toEqual(truth);
  });

  test("without truth are judged by the way back", () => {
    const found = findPoints(cells, pairOf(mirrored), size, { points, truth: undefined }).get("t50/b04")!;
    expect(found.every(({ distance }) => distance === 0)).toBe(true);
    const strange = findPoints(cells, pairOf(draw(2, [1, 6, 8, 8])), size, { points, truth: undefined });
    expect(strange.get("t50/b04")!.some(({ distance }) => distance > 4)).toBe(true);
  });
});

describe("pairs of points from a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "difftap-keypoints-"));
  const pairsOf = (content: unknown) => {
    const keypoints = join(folder, "points.json");
    writeFileSync(keypoints, typeof content === "string" ? content : JSON.stringify(content));
    const settings = { keypoints, pair: undefined, points: 4 };
    return pointPairs({ settings, size: 32, test: { count: 3 } } as unknown as AnalysisSession);
  };

  test("come as they are, with truth or without", async () => {
    const pairs = await pairsOf([
      { from: 0, to: 2, points: [[1, 2.5]], truth: [[3, 4]] },
      { from: 1, to: 0, points: [[0, 32]] },
    ]);
    expect(pairs).toEqual([
      { from: 0, to: 2, points: [{ x: 1, y: 2.5 }], truth: [{ x: 3, y: 4 }] },
      { from: 1, to: 0, points: [{ x: 0, y: 32 }], truth: undefined },
    ]);
  });

  test.each([
    ["no JSON", "[{", /points\.json: SyntaxError/],
    ["a truth too few", [{ from: 0, to: 1, points: [[1, 2]], truth: [] }], /one place for each point/],
    ["an unknown key", [{ from: 0, to: 1, points: [[1, 2]], truths: [] }], /did you mean "truth"/],
    ["an image that is not there", [{ from: 0, to: 3, points: [[1, 2]] }], /no test image 3/],
    ["a point outside", [{ from: 0, to: 1, points: [[1, 33]] }], /point \(1, 33\) is not on an image of 32/],
    ["a truth outside", [{ from: 0, to: 1, points: [[1, 3]], truth: [[-1, 0]] }], /point \(-1, 0\)/],
    ["no pair", [], /points\.json: \[\] Too small/],
  ])("refuses %s", async (_, content, message) => {
    await expect(pairsOf(content)).rejects.toThrow(message);
  });
});

describe("parts", () => {
  const all = { images: true, train: true, labels: true, heads: true };

  test("are all that what was given allows", () => {
    expect(partsOf(undefined, { ...all, heads: false })).toEqual([
      ...["cka", "components", "neighbours", "correspondence", "sphere", "draws", "choice"],
    ]);
    expect(partsOf(undefined, { ...all, images: false })).toEqual([
      ...["cka", "neighbours", "sphere", "choice", "fusion"],
    ]);
    expect(partsOf(undefined, { images: false, train: false, labels: false, heads: false })).toEqual([
      ...["cka", "neighbours", "sphere"],
    ]);
    expect(partsOf(["sphere", "cka"], all)).toEqual(["cka", "sphere"]);
  });

  test("asked for in vain say what is missing", () => {
    expect(() => partsOf(["fusion"], { ...all, heads: false })).toThrow(/fusion cannot be made/);
    try {
      partsOf(["choice"], { ...all, train: false, labels: false });
      expect.unreachable();
    } catch (error) {
      expect((error as { hint: string }).hint).toMatch(/--train.*images with labels/);
    }
  });
});

test("the inside of an MLP is what its last layer reads, by hand", async () => {
  await selectEngine("auto");
  const tap = { name: "t50/b04", block: 4, timestep: 50, channels: 3, height: 2, width: 2 } as const;
  const head = createHead({ head: "mlp", spec: { pool: 1, hidden: [5] }, taps: [tap], classes: 4, seed: 7 });
  const inside = await penultimateOf(head, findHead("mlp"), undefined);
  const maps = draw(9, [6, 3, 2, 2]);
  const features = { "t50/b04": tf.tensor(maps.data, maps.shape as [number, number, number, number]) };
  const [found, logits] = [inside, head].map((each) => each.forward(features, { training: false }));
  const { tensors } = await saveHead(head);
  const [weight, bias] = [tensors["fcs.0.weight"]!.data, tensors["fcs.0.bias"]!.data] as Float32Array[];
  const expected = Array.from({ length: 6 }, (_, row) =>
    Array.from({ length: 5 }, (_, unit) => {
      let sum = bias![unit]!;
      for (let channel = 0; channel < 3; channel++) {
        const cells = maps.data.subarray((row * 3 + channel) * 4, (row * 3 + channel + 1) * 4);
        sum += (weight![unit * 3 + channel]! * cells.reduce((total, value) => total + value, 0)) / 4;
      }
      return Math.max(0, sum);
    }),
  ).flat();
  const values = await found!.data();
  expect(found!.shape).toEqual([6, 5]);
  expected.forEach((value, at) => {
    expect(values[at]).toBeCloseTo(value, 5);
  });
  // What it leaves out is the last layer and nothing else.
  const [last, offset] = [tensors["fcs.1.weight"]!.data, tensors["fcs.1.bias"]!.data] as Float32Array[];
  const direct = await logits!.data();
  for (let row = 0; row < 6; row++) {
    for (let k = 0; k < 4; k++) {
      let sum = offset![k]!;
      for (let unit = 0; unit < 5; unit++) sum += last![k * 5 + unit]! * values[row * 5 + unit]!;
      expect(direct[row * 4 + k]).toBeCloseTo(sum, 5);
    }
  }
  inside.dispose();
  head.dispose();
});

test("means over draws, tables over cells, and lists spread evenly", () => {
  const reading = (...values: number[]) => ({
    features: ndarray("float32", [2, 2], Float32Array.from(values)),
    labels: Int32Array.of(0, 1),
    rows: Uint32Array.of(0, 1),
  });
  const mean = meanFeatures([reading(0, 2, 4, 6), reading(2, 2, 0, 10)]);
  expect([...mean.features.data]).toEqual([1, 2, 2, 8]);
  const grid = wholeGrid([2, 5], [10, "clean"]);
  const measured = new Map([
    [cellName({ block: 5, timestep: "clean" }), { value: 0.5, interval: [0, 1] as const }],
  ]);
  const said = {
    metric: "x",
    unit: "" as const,
    better: null,
    protocol: "p",
    split: "test",
    n: 1,
    seeds: [0],
  };
  expect(surfaceOf(grid, measured, said)).toMatchObject({
    ...{ blocks: [2, 5], timesteps: [10, "clean"] },
    values: [
      [null, null],
      [null, 0.5],
    ],
    intervals: [
      [null, null],
      [null, [0, 1]],
    ],
  });
  expect(spread([1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([1, 5, 9]);
  expect(spread([1, 2], 3)).toEqual([1, 2]);
});
