import { encodeMask } from "@difftap/core";
import { describe, expect, test } from "vitest";
import { decodeDistances } from "../src/boxes.js";
import { stackTargets, type Targets, type TrainingObject } from "../src/index.js";
import { placesOf } from "../src/pyramid.js";
import { adaptiveReach } from "../src/targets/grid.js";
import { image, levelsOf, maker, objectsOf } from "./scenes.js";

interface Location {
  readonly x: number;
  readonly y: number;
  readonly level: number;
  readonly stride: number;
}

function locationsOf(extra: number): Location[] {
  return levelsOf(extra).flatMap(({ stride, height, width }, level) =>
    Array.from({ length: height }, (_, row) =>
      Array.from({ length: width }, (_, column) => ({
        x: (column + 0.5) * stride,
        y: (row + 0.5) * stride,
        level,
        stride,
      })),
    ).flat(),
  );
}

function sides({ x, y }: Location, { box: [left, top, width, height] }: TrainingObject) {
  return [x - left, y - top, left + width - x, top + height - y] as const;
}

/** FCOS, location by location: the smallest of all objects that it could learn. */
function centreOwners(
  extra: number,
  objects: readonly TrainingObject[],
  { radius, reach }: { radius: number; reach: number },
): (number | undefined)[] {
  const levels = levelsOf(extra);
  return locationsOf(extra).map((location) => {
    const { x, y, level, stride } = location;
    const low = level === 0 ? -1 : reach * levels[level - 1]!.stride;
    const high = level === levels.length - 1 ? Number.POSITIVE_INFINITY : reach * stride;
    const able = objects.filter((object) => {
      const [left, top, width, height] = object.box;
      const [cx, cy] = [left + width / 2, top + height / 2];
      const near = Math.abs(x - cx) < radius * stride && Math.abs(y - cy) < radius * stride;
      const all = sides(location, object);
      const farthest = Math.max(...all);
      return near && all.every((each) => each > 0) && farthest >= low && farthest <= high;
    });
    const smallest = Math.min(...able.map(({ box }) => box[2] * box[3]));
    const chosen = able.find(({ box }) => box[2] * box[3] === smallest);
    return chosen && objects.indexOf(chosen);
  });
}

/** ATSS, object by object over all locations of every level. */
function selectedOwners(
  extra: number,
  objects: readonly TrainingObject[],
  { candidates, reach }: { candidates: number; reach: number },
): (number | undefined)[] {
  const locations = locationsOf(extra);
  const overlap = ({ x, y, stride }: Location, { box: [left, top, width, height] }: TrainingObject) => {
    const half = (reach * stride) / 2;
    const across = Math.max(0, Math.min(x + half, left + width) - Math.max(x - half, left));
    const down = Math.max(0, Math.min(y + half, top + height) - Math.max(y - half, top));
    const shared = across * down;
    return shared / (4 * half * half + width * height - shared);
  };
  const positives = objects.map((object) => {
    const [left, top, width, height] = object.box;
    const distance = ({ x, y }: Location) => (x - left - width / 2) ** 2 + (y - top - height / 2) ** 2;
    const chosen = levelsOf(extra).flatMap((_, level) =>
      locations
        .filter((location) => location.level === level)
        .sort((a, b) => distance(a) - distance(b))
        .slice(0, candidates),
    );
    const values = chosen.map((location) => overlap(location, object));
    const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
    const squares = values.reduce((sum, each) => sum + (each - mean) ** 2, 0);
    const threshold = mean + Math.sqrt(squares / (values.length - 1));
    return new Set(
      chosen.filter(
        (location, i) => values[i]! >= threshold && sides(location, object).every((each) => each > 0),
      ),
    );
  });
  return locations.map((location) => {
    let best: number | undefined;
    for (const [index, object] of objects.entries()) {
      if (!positives[index]!.has(location)) continue;
      if (best === undefined || overlap(location, object) > overlap(location, objects[best]!)) best = index;
    }
    return best;
  });
}

const read = (targets: Targets, name: string) => Array.from(targets[`targets/${name}`]!.data);

function expectOwners(
  targets: Targets,
  owners: readonly (number | undefined)[],
  extra: number,
  objects: readonly TrainingObject[],
): void {
  const labels = owners.map((owner) => (owner === undefined ? -1 : objects[owner]!.label));
  expect(read(targets, "labels")).toEqual(labels);
  const [distances, centreness] = [read(targets, "distances"), read(targets, "centreness")];
  for (const [index, location] of locationsOf(extra).entries()) {
    const owner = owners[index];
    const [l, t, r, b] = owner === undefined ? [0, 0, 0, 0] : sides(location, objects[owner]!);
    expect(distances.slice(4 * index, 4 * index + 4)).toEqual([l, t, r, b].map(Math.fround));
    const central = (Math.min(l, r) / Math.max(l, r)) * (Math.min(t, b) / Math.max(t, b));
    expect(centreness[index]).toBeCloseTo(owner === undefined ? 0 : Math.sqrt(central), 6);
  }
}

describe("centre sampling", () => {
  test.each([
    { count: 0, radius: 1.5, reach: 8, extra: 1 },
    { count: 1, radius: 1.5, reach: 2, extra: 0 },
    { count: 12, radius: 1.5, reach: 2, extra: 1 },
    { count: 12, radius: 0.7, reach: 1, extra: 2 },
    { count: 25, radius: 5, reach: 3, extra: 0 },
  ])("is FCOS's: %o", ({ count, radius, reach, extra }) => {
    const make = maker({ neck: { extraLevels: extra }, assignment: { kind: "centre", radius }, reach });
    for (let salt = 1; salt < 20; salt += 4) {
      const objects = objectsOf(count, salt);
      const targets = make(objects);
      expectOwners(targets, centreOwners(extra, objects, { radius, reach }), extra, objects);
      expect(new Set(read(targets, "weights"))).toEqual(new Set([1]));
    }
  });

  test("gives a location to the smaller of two objects, of equals to the first", () => {
    const make = maker({ neck: { extraLevels: 0 }, reach: 2 });
    const large = { label: 0, box: [10, 20, 20, 20] } as const;
    const small = { label: 1, box: [14, 24, 12, 12] } as const;
    const same = { label: 2, box: [14, 24, 12, 12] } as const;
    expect(read(make([small, large, same]), "labels")).toContain(1);
    expect(read(make([small, large, same]), "labels")).not.toContain(2);
    expect(read(make([large, same, small]), "labels")).not.toContain(1);
  });

  test("leaves objects to the level of their size", () => {
    const labelled = (box: TrainingObject["box"]) => {
      const labels = read(maker({ neck: { extraLevels: 0 } })([{ label: 0, box }]), "labels");
      let first = 0;
      return levelsOf(0).map(({ height, width }) => {
        first += height * width;
        return labels.slice(first - height * width, first).filter((label) => label >= 0).length;
      });
    };
    // On a side of 64 a level of stride 4 regresses up to 16 pixels, one of stride 8 up to 32.
    const some = expect.toSatisfy((count: number) => count > 0);
    expect(labelled([10, 10, 8, 8])).toEqual([some, 0, 0]);
    expect(labelled([8, 12, 32, 34])).toEqual([0, some, 0]);
    expect(labelled([-9, 0, 66, 64])).toEqual([0, 0, some]);
  });

  test.each([
    [[8, 16, 32, 64, 128], 2048, 8],
    [[8, 16, 32, 64, 128], 1333, 1333 / 256],
    [[4, 8, 16], 64, 4],
    [[4, 8, 16], 192, 6],
    [[8], 64, 8],
  ])("strides %j on a side of %d regress %f strides", (strides, side, expected) => {
    const levels = strides.map((stride) => ({ stride, height: side / stride / 2, width: side / stride }));
    expect(adaptiveReach(levels)).toBe(expected);
  });
});

describe("adaptive training sample selection", () => {
  test.each([
    { count: 1, candidates: 9, reach: 4, extra: 0 },
    { count: 12, candidates: 9, reach: 2, extra: 1 },
    { count: 12, candidates: 4, reach: 8, extra: 2 },
    { count: 25, candidates: 15, reach: 3, extra: 0 },
  ])("is ATSS's: %o", ({ count, candidates, reach, extra }) => {
    const make = maker({ neck: { extraLevels: extra }, assignment: { kind: "atss", candidates }, reach });
    for (let salt = 1; salt < 20; salt += 4) {
      const objects = objectsOf(count, salt);
      expectOwners(make(objects), selectedOwners(extra, objects, { candidates, reach }), extra, objects);
    }
  });
});

describe("targets", () => {
  const make = maker({ neck: { extraLevels: 1 } });

  test("distances give the box back at every location of its object", () => {
    const objects = objectsOf(20, 3, 20);
    const targets = maker({ neck: { extraLevels: 1 } }, undefined, 20)(objects);
    const [labels, places] = [read(targets, "labels"), placesOf(levelsOf(1))];
    const boxes = decodeDistances(read(targets, "distances"), places);
    let seen = 0;
    for (const [location, label] of labels.entries()) {
      if (label < 0) continue;
      const [left, top, width, height] = objects[label]!.box;
      const found = boxes.subarray(4 * location, 4 * location + 4);
      for (const [side, expected] of [left, top, left + width, top + height].entries()) {
        expect(found[side]).toBeCloseTo(expected, 4);
      }
      seen += 1;
    }
    expect(seen).toBeGreaterThan(20);
  });

  test("crowds and difficult objects count neither as objects nor as background", () => {
    const object: TrainingObject = { label: 1, box: [4, 4, 16, 16] };
    const [plain, crowd, difficult] = [{}, { crowd: true }, { difficult: true }].map((flag) =>
      make([object, { label: 0, box: [0, 0, 30, 40], ...flag }]),
    );
    expect(crowd).toEqual(difficult);
    expect(read(plain!, "labels")).toContain(0);
    expect(read(crowd!, "labels")).not.toContain(0);
    const weights = read(crowd!, "weights");
    for (const [index, { x, y }] of locationsOf(1).entries()) {
      const own = read(crowd!, "labels")[index]! >= 0;
      expect(weights[index]).toBe(x < 30 && y < 40 && !own ? 0 : 1);
    }
  });

  test("are made for other sizes too, and stacked", () => {
    const large = { height: 128, width: 96 };
    const objects = objectsOf(3, 2);
    const [one, two] = [make(objects, large), make([], large)];
    expect(one["targets/labels"]!.shape).toEqual([32 * 24 + 16 * 12 + 8 * 6 + 4 * 3]);
    const stacked = stackTargets([one, two]);
    expect(stacked["targets/distances"]!.shape).toEqual([2, 1020, 4]);
    expect(read(stacked, "labels")).toEqual([...read(one, "labels"), ...read(two, "labels")]);
    expect(() => stackTargets([one, make([])])).toThrow(
      /targets\/labels of image 1 is \[256\], of image 0 \[1020\]/,
    );
    expect(() => stackTargets([])).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
  });

  test.each([
    [
      "a label beyond the classes",
      { label: 3, box: [0, 0, 4, 4] },
      "LABELS_MISMATCH",
      /label 3 of 3 classes/,
    ],
    [
      "a label that is no number of a class",
      { label: 0.5, box: [0, 0, 4, 4] },
      "LABELS_MISMATCH",
      /label 0.5/,
    ],
    [
      "a box without area",
      { label: 0, box: [0, 0, 4, 0] },
      "DATA_REFUSED",
      /\[0, 0, 4, 0\], which has no area/,
    ],
    ["a box that is not finite", { label: 0, box: [Number.NaN, 0, 4, 4] }, "DATA_REFUSED", /NaN/],
    [
      "a mask of another size",
      { label: 0, box: [0, 0, 4, 4], mask: encodeMask(new Uint8Array(6), { height: 2, width: 3 }) },
      "DATA_REFUSED",
      /mask of 2×3, its image is 64×48/,
    ],
  ])("refuse %s", (_, object, code, message) => {
    expect(() => make([object as unknown as TrainingObject])).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  test("refuse an image whose maps would not be whole", () => {
    expect(() => make([], { height: 72, width: 48 })).toThrow(
      expect.objectContaining({
        code: "REQUEST_INVALID",
        message: expect.stringMatching(/72×48: 4.5×3 cells/),
      }),
    );
  });
});

describe("mask targets", () => {
  const mask = (left: number, top: number, width: number, height: number) => {
    const inside = (row: number, column: number) =>
      row >= top && row < top + height && column >= left && column < left + width;
    return encodeMask(
      Uint8Array.from({ length: image.height * image.width }, (_, i) =>
        inside(Math.floor(i / image.width), i % image.width) ? 1 : 0,
      ),
      image,
    );
  };
  const objects: TrainingObject[] = [
    { label: 0, box: [8, 8, 16, 20], mask: mask(8, 8, 16, 20) },
    { label: 1, box: [20, 36, 24, 20], mask: mask(20, 36, 24, 20) },
    { label: 2, box: [30, 4, 14, 14] },
  ];
  const make = (samples: number) =>
    maker({ neck: { extraLevels: 0 }, masks: { samples, upsample: 2, layers: 1 } })(objects);

  test("take the most central locations, objects in turn, those with masks", () => {
    const targets = make(6);
    const [labels, centreness] = [read(targets, "labels"), read(targets, "centreness")];
    const locations = read(targets, "masks/locations");
    expect(locations.map((location) => labels[location])).toEqual([0, 1, 0, 1, 0, 1]);
    for (const label of [0, 1]) {
      const own = labels.flatMap((each, i) => (each === label ? [centreness[i]!] : []));
      const chosen = locations.filter((location) => labels[location] === label).map((i) => centreness[i]!);
      expect(chosen).toEqual(own.sort((a, b) => b - a).slice(0, 3));
    }
    expect(read(targets, "masks/weights")).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test("hold the pixel at each cell's centre", () => {
    const targets = make(2);
    const [height, width] = [32, 24];
    expect(targets["targets/masks/pixels"]!.shape).toEqual([2, height * width]);
    const pixels = read(targets, "masks/pixels");
    for (const [sample, [left, top, across, down]] of [objects[0]!.box, objects[1]!.box].entries()) {
      for (let cell = 0; cell < height * width; cell++) {
        const [y, x] = [2 * Math.floor(cell / width) + 1, 2 * (cell % width) + 1];
        const inside = x >= left && x < left + across && y >= top && y < top + down;
        expect(pixels[sample * height * width + cell]).toBe(inside ? 1 : 0);
      }
    }
  });

  test("are empty where there is too little to sample", () => {
    const targets = make(200);
    const weights = read(targets, "masks/weights");
    const used = weights.indexOf(0);
    expect(used).toBeGreaterThan(2);
    expect(weights.slice(used).every((each) => each === 0)).toBe(true);
    expect(
      read(targets, "masks/pixels")
        .slice(used * 768)
        .every((each) => each === 0),
    ).toBe(true);
  });
});
