/** Random sets of objects and detections as COCO's files: small, and full of ties, crowds, empty images and edges. */
import { encodeMask, maskArea, polygonMask, type RunLengthMask, runsToText } from "@difftap/core";
import fc from "fast-check";
import type { CocoFile, CocoResult, CocoSegmentation } from "./coco.js";

export interface CocoCase {
  readonly file: CocoFile;
  /** With boxes and masks. */
  readonly results: readonly CocoResult[];
}

const sides = { min: 40, max: 150 };

/** A box in shares of the image, and what fills it. */
const shape = fc.record({
  left: fc.integer({ min: -2, max: 16 }),
  top: fc.integer({ min: -2, max: 16 }),
  width: fc.integer({ min: 1, max: 18 }),
  height: fc.integer({ min: 1, max: 18 }),
  fill: fc.constantFrom("rectangle", "ellipse", "triangle", "stripes"),
});
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never;

const object = fc.record({
  shape,
  category: fc.nat(2),
  crowd: fc.integer({ min: 0, max: 4 }).map((n) => n === 0),
  /** pycocotools believes the file, whatever the area is. */
  area: fc.constantFrom("mask", "mask", "box", "edge"),
  written: fc.constantFrom("polygon", "counts", "text"),
});

const detection = fc.record({
  /** The object it was made from, if there is one. */
  of: fc.nat(9),
  shape,
  moved: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 4, maxLength: 4 }),
  category: fc.nat(2),
  score: fc.oneof(fc.constantFrom(0.25, 0.5, 0.5, 0.75), fc.double({ min: 0, max: 1, noNaN: true })),
});

const image = fc.record({
  height: fc.integer(sides),
  width: fc.integer(sides),
  objects: fc.array(object, { maxLength: 5 }),
  detections: fc.array(detection, { maxLength: 9 }),
  /** So often is each detection repeated: the hundred best count. */
  repeated: fc.integer({ min: 0, max: 30 }).map((n) => (n === 0 ? 25 : 1)),
});

export const cocoCase: fc.Arbitrary<CocoCase> = fc
  .record({
    images: fc.array(image, { minLength: 1, maxLength: 3 }),
    categories: fc.uniqueArray(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 2 }),
  })
  .map(({ images, categories }) => ({
    file: {
      images: images.map(({ height, width }, place) => ({ id: imageId(place), height, width })),
      categories: categories.map((id) => ({ id, name: `category ${id}` })),
      annotations: images
        .flatMap((each, place) => each.objects.map((one) => annotation(one, each, place, categories)))
        .map((each, place) => ({ id: place + 1, ...each })),
    },
    results: images.flatMap((each, place) => resultsOf(each, place, categories)),
  }));

type ImageCase = typeof image extends fc.Arbitrary<infer T> ? T : never;
type ObjectCase = typeof object extends fc.Arbitrary<infer T> ? T : never;
type Annotation = Omit<CocoFile["annotations"][number], "id">;

/** With gaps, and not in order. */
const imageId = (place: number) => (place === 1 ? 3 : 10 + 7 * place);

function annotation(one: ObjectCase, size: ImageCase, place: number, categories: number[]): Annotation {
  const mask = drawn(one.shape, size);
  const box = boxOf(one.shape, size);
  const areas = { mask: maskArea(mask), box: box[2]! * box[3]!, edge: one.category > 0 ? 1024 : 9216 };
  return {
    image_id: imageId(place),
    category_id: categories[one.category % categories.length]!,
    bbox: box,
    area: areas[one.area as keyof typeof areas],
    iscrowd: one.crowd ? 1 : 0,
    segmentation: written(one, size, mask),
  };
}

function written({ written: how, shape: drawnShape }: ObjectCase, size: ImageCase, mask: RunLengthMask) {
  if (how === "polygon") return [cornersOf(drawnShape, size)];
  const counts = how === "text" ? runsToText(mask) : Array.from(mask.counts);
  return { size: [mask.height, mask.width], counts } satisfies CocoSegmentation;
}

function resultsOf(each: ImageCase, place: number, categories: number[]): CocoResult[] {
  const results = each.detections.map((found) => {
    const of = each.objects[found.of];
    const [left, top, width, height] = found.moved as [number, number, number, number];
    const base = of?.shape ?? found.shape;
    const moved = {
      ...base,
      left: base.left + left / 2,
      top: base.top + top / 2,
      width: Math.max(1, base.width + width / 2),
      height: Math.max(1, base.height + height / 2),
    };
    const mask = drawn(moved, each);
    return {
      image_id: imageId(place),
      category_id: categories[(of ?? found).category % categories.length]!,
      bbox: boxOf(moved, each),
      score: found.score,
      segmentation: { size: [mask.height, mask.width], counts: runsToText(mask) } satisfies CocoSegmentation,
    };
  });
  return Array.from({ length: each.repeated }, () => results).flat();
}

function boxOf({ left, top, width, height }: Shape, size: ImageCase): number[] {
  const [across, down] = [size.width / 20, size.height / 20];
  return [left * across, top * down, width * across, height * down];
}

function cornersOf(one: Shape, size: ImageCase): number[] {
  const [left, top, width, height] = boxOf(one, size) as [number, number, number, number];
  const [right, bottom] = [left + width, top + height];
  if (one.fill === "triangle") return [left, top, right, top, left, bottom];
  return [left, top, right, top, right, bottom, left, bottom];
}

function drawn(one: Shape, size: ImageCase): RunLengthMask {
  if (one.fill === "rectangle" || one.fill === "triangle") return polygonMask([cornersOf(one, size)], size);
  const [left, top, width, height] = boxOf(one, size) as [number, number, number, number];
  const inside = (x: number, y: number) =>
    one.fill === "stripes"
      ? y % 2 === 0 &&
        Math.abs(x - left - width / 2) < width / 2 &&
        Math.abs(y - top - height / 2) < height / 2
      : ((2 * (x - left)) / width - 1) ** 2 + ((2 * (y - top)) / height - 1) ** 2 < 1;
  const pixels = Uint8Array.from({ length: size.height * size.width }, (_, pixel) =>
    inside(pixel % size.width, Math.floor(pixel / size.width)) ? 1 : 0,
  );
  return encodeMask(pixels, size);
}
