import { decodeMask, encodeMask, maskArea, maskBox } from "@difftap/core";
import fc from "fast-check";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  type AnnotatedObject,
  augmentTogether,
  type Box,
  boxToCanvas,
  boxToSource,
  fitView,
  type LabelMap,
  labelMapToCanvas,
  labelMapToSource,
  maskToCanvas,
  maskToSource,
  objectsToCanvas,
  type Pixels,
  pixelsToCanvas,
  type View,
  type ViewAugmentation,
} from "../src/index.js";
import { changeColours, drawColours } from "../src/view/colours.js";

const size = (most: number) =>
  fc.record({ height: fc.integer({ min: 1, max: most }), width: fc.integer({ min: 1, max: most }) });

const views: fc.Arbitrary<View> = fc
  .tuple(
    size(40),
    size(60),
    size(40),
    fc.boolean(),
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: -40, max: 40 }),
  )
  .map(([source, resized, canvas, mirrored, left, top]) => ({
    source,
    resized,
    canvas,
    mirrored,
    left,
    top,
  }));

/** A view with a filled rectangle of whole pixels on its source. */
const rectangles = views.chain((view) =>
  fc
    .tuple(fc.nat(view.source.width - 1), fc.nat(view.source.height - 1), fc.nat(39), fc.nat(39))
    .map(([left, top, right, bottom]) => {
      const box: Box = [
        left,
        top,
        Math.min(view.source.width - left, right + 1),
        Math.min(view.source.height - top, bottom + 1),
      ];
      return { view, box };
    }),
);

function filled([left, top, width, height]: Box, { source }: View): Uint8Array {
  const data = new Uint8Array(source.height * source.width);
  for (let y = top; y < top + height; y++)
    data.fill(1, y * source.width + left, y * source.width + left + width);
  return data;
}

function objectOf(box: Box, view: View): AnnotatedObject {
  const mask = encodeMask(filled(box, view), view.source);
  return { label: 3, box, area: maskArea(mask), crowd: false, difficult: true, mask };
}

/** Pixels that tell where they came from: column in red, row in green. */
function graded({ height, width }: { height: number; width: number }): Pixels {
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < height * width; i++) data.set([i % width, Math.floor(i / width), 7], i * 3);
  return { data, height, width };
}

describe("a view", () => {
  it("stretches or letterboxes, each side to whole pixels", () => {
    const [source, canvas] = [
      { height: 480, width: 640 },
      { height: 256, width: 512 },
    ];
    expect(fitView(source, canvas, "stretch").resized).toEqual(canvas);
    expect(fitView(source, canvas, "letterbox").resized).toEqual({ height: 256, width: 341 });
    expect(fitView({ height: 1000, width: 1 }, canvas, "letterbox").resized).toEqual({
      height: 256,
      width: 1,
    });
  });

  it("leads boxes to the canvas and back", () => {
    fc.assert(
      fc.property(rectangles, ({ view, box }) => {
        const back = boxToSource(boxToCanvas(box, view), view);
        for (const [i, value] of back.entries()) expect(value).toBeCloseTo(box[i]!, 9);
      }),
    );
  });

  it("keeps boxes and masks together: the mask's box is the box, within a pixel", () => {
    fc.assert(
      fc.property(rectangles, ({ view, box }) => {
        const object = objectOf(box, view);
        const [seen] = objectsToCanvas([object], view, 0);
        const mask = maskToCanvas(object.mask!, view);
        if (seen === undefined) {
          expect(maskArea(mask)).toBe(0);
          return;
        }
        expect([seen.label, seen.difficult, seen.area]).toEqual([3, true, maskArea(mask)]);
        const [left, top, width, height] = maskBox(seen.mask!);
        const edges = [left, top, left + width, top + height];
        const [x, y, w, h] = seen.box;
        for (const [i, edge] of [x, y, x + w, y + h].entries())
          expect(Math.abs(edge - edges[i]!)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2000 },
    );
  });

  it("shows pixels, label map and mask at one place", () => {
    fc.assert(
      fc.property(rectangles, ({ view, box }) => {
        const data = filled(box, view);
        const map = labelMapToCanvas({ ...view.source, data }, view, 9);
        const mask = decodeMask(maskToCanvas(encodeMask(data, view.source), view));
        expect(map.data.map((value) => (value === 1 ? 1 : 0))).toEqual(mask);
        expect([map.height, map.width]).toEqual([view.canvas.height, view.canvas.width]);
      }),
    );
    const view: View = {
      source: { height: 6, width: 8 },
      resized: { height: 6, width: 8 },
      left: -3,
      top: 2,
      canvas: { height: 5, width: 7 },
      mirrored: true,
    };
    const image = pixelsToCanvas(graded(view.source), view);
    const columns = labelMapToCanvas(
      { ...view.source, data: graded(view.source).data.filter((_, i) => i % 3 === 0) },
      view,
      128,
    );
    expect(image.data.filter((_, i) => i % 3 === 0)).toEqual(columns.data);
    expect([...columns.data.subarray(14, 21)]).toEqual([128, 128, 7, 6, 5, 4, 3]);
    expect([...columns.data.subarray(0, 7)]).toEqual(new Array(7).fill(128));
  });

  it("mirrored twice is the image itself", () => {
    fc.assert(
      fc.property(rectangles, ({ view: { source }, box }) => {
        const view: View = { source, resized: source, left: 0, top: 0, canvas: source, mirrored: true };
        const image = graded(source);
        const data = filled(box, view);
        const object = objectOf(box, view);
        const twice = <T>(once: (value: T) => T, value: T): T => once(once(value));
        expect(twice((pixels) => pixelsToCanvas(pixels, view), image)).toEqual(image);
        expect(twice((map: LabelMap) => labelMapToCanvas(map, view, 9), { ...source, data }).data).toEqual(
          data,
        );
        expect(
          twice((objects) => objectsToCanvas(objects, view, 0), [object] as readonly AnnotatedObject[]),
        ).toEqual([object]);
      }),
    );
  });

  it("leads label maps and masks back to where they were, when nothing was cut or reduced", () => {
    fc.assert(
      fc.property(rectangles, fc.boolean(), ({ view: { source }, box }, mirrored) => {
        const resized = { height: source.height * 3, width: source.width * 2 };
        const canvas = { height: resized.height + 5, width: resized.width + 4 };
        const view: View = { source, resized, left: 3, top: 2, canvas, mirrored };
        const data = filled(box, view);
        const map = { ...source, data };
        expect(labelMapToSource(labelMapToCanvas(map, view, 9), view, 9)).toEqual(map);
        const mask = encodeMask(data, source);
        expect(maskToSource(maskToCanvas(mask, view), view)).toEqual(mask);
      }),
    );
  });

  it("drops objects of which too little is left, and cuts the others", () => {
    const view: View = {
      source: { height: 10, width: 10 },
      resized: { height: 20, width: 20 },
      left: -10,
      top: 0,
      canvas: { height: 20, width: 10 },
      mirrored: false,
    };
    const object = { label: 1, area: 10, crowd: false, difficult: false };
    const boxes: Box[] = [
      [4, 0, 5, 2],
      [0, 0, 6, 2],
      [0, 0, 5, 5],
      [6, 1, 2, 2],
    ];
    const seen = objectsToCanvas(
      boxes.map((box) => ({ ...object, box })),
      view,
      0.2,
    );
    expect(seen.map(({ box, area }) => [box, area])).toEqual([
      [[0, 0, 8, 4], 32],
      [[2, 2, 4, 4], 40],
    ]);
    expect(objectsToCanvas([{ ...object, box: boxes[1]! }], view, 1 / 6)).toHaveLength(1);
  });

  it("resizes as PIL does", async () => {
    const image = graded({ height: 30, width: 40 });
    const view = fitView(image, { height: 15, width: 24 }, "letterbox");
    expect(view.resized).toEqual({ height: 15, width: 20 });
    const { data } = pixelsToCanvas(image, view);
    const raw = { raw: { width: 40, height: 30, channels: 3 as const } };
    const other = await sharp(Buffer.from(image.data), raw)
      .resize(20, 15, { kernel: "cubic", fit: "fill" })
      .raw()
      .toBuffer();
    for (let y = 0; y < 15; y++) {
      for (let i = 0; i < 60; i++)
        expect(Math.abs(data[y * 72 + i]! - other[y * 60 + i]!)).toBeLessThanOrEqual(2);
      expect([...data.subarray(y * 72 + 60, y * 72 + 72)]).toEqual(new Array(12).fill(128));
    }
  });
});

describe("augmenting together", () => {
  const source = { height: 30, width: 40 };
  const labelMap = { ...source, data: new Uint8Array(1200).fill(2) };
  const objects: AnnotatedObject[] = [
    { label: 0, box: [10, 5, 20, 20], area: 400, crowd: false, difficult: false },
  ];
  const seen = (epoch: number, augmentation: ViewAugmentation = { scale: [0.5, 2] }, id = "a") =>
    augmentTogether(
      { pixels: graded(source), objects, labelMap },
      {
        canvas: { height: 24, width: 24 },
        fit: "letterbox",
        augmentation,
        address: { seed: 1, id, epoch },
        ignore: 99,
      },
    );

  it("is the same for one address, and another for each id and epoch", () => {
    expect(seen(3)).toEqual(seen(3));
    const drawn = Array.from({ length: 40 }, (_, epoch) => seen(epoch).view);
    expect(new Set(drawn.map((view) => JSON.stringify(view))).size).toBeGreaterThan(35);
    expect(seen(3, undefined, "b").view).not.toEqual(seen(3).view);
    const mirrored = drawn.filter((view) => view.mirrored).length;
    expect(mirrored).toBeGreaterThan(8);
    expect(mirrored).toBeLessThan(32);
  });

  it("keeps to its range of sizes, never leaves the canvas empty, and covers it when it can", () => {
    for (let epoch = 0; epoch < 60; epoch++) {
      const { view, pixels, labelMap: map } = seen(epoch);
      expect(view.resized.width).toBeGreaterThanOrEqual(12);
      expect(view.resized.width).toBeLessThanOrEqual(48);
      for (const [place, extent, room] of [
        [view.left, view.resized.width, 24],
        [view.top, view.resized.height, 24],
      ] as const) {
        if (extent >= room) expect([place <= 0, place + extent >= room]).toEqual([true, true]);
        else expect([place >= 0, place + extent <= room]).toEqual([true, true]);
      }
      const shown = map!.data.map((value) => (value === 2 ? 1 : 0));
      const grey = pixels.data.filter((_, i) => i % 3 === 2).map((value) => (value === 128 ? 0 : 1));
      expect(shown).toEqual(grey);
      expect(new Set([...map!.data, 2, 99]).size).toBe(2);
    }
  });

  it("turns all images, or none, when asked", () => {
    for (let epoch = 0; epoch < 8; epoch++) {
      expect(seen(epoch, { flip: 1 }).view.mirrored).toBe(true);
      expect(seen(epoch, { flip: 0 }).view.mirrored).toBe(false);
    }
  });

  it("changes nothing it was given, and colours of the pixels alone", () => {
    const pixels = graded(source);
    const request = {
      canvas: source,
      fit: "stretch",
      augmentation: { flip: 0, colours: { brightness: 0.5, contrast: 0.5, saturation: 0.5 } },
      address: { seed: 1, id: "a", epoch: 0 },
    } as const;
    const {
      pixels: changed,
      labelMap: map,
      objects: kept,
    } = augmentTogether({ pixels, labelMap, objects }, request);
    expect(pixels).toEqual(graded(source));
    expect(changed.data).not.toEqual(pixels.data);
    expect([map, kept]).toEqual([labelMap, objects]);
    expect(augmentTogether({ pixels }, { ...request, augmentation: { flip: 0 } })).not.toHaveProperty(
      "objects",
    );
  });

  it.each([[[0, 1]], [[2, 1]], [[Number.NaN, 1]]] as [[number, number]][])(
    "refuses the scale %j",
    (scale) => {
      expect(() => seen(0, { scale })).toThrow(/it must be a range above 0/);
    },
  );
});

describe("colours", () => {
  const image: Pixels = { width: 2, height: 1, data: Uint8Array.of(100, 150, 200, 0, 50, 250) };

  it("are those of the formulas, in float64", () => {
    const factors = { brightness: 1.1, contrast: 0.8, saturation: 0.5 };
    const grey = ([r, g, b]: number[]) => 0.299 * r! + 0.587 * g! + 0.114 * b!;
    const bright = [
      [110, 165, 220],
      [0, 55, 275],
    ];
    const mean = (grey(bright[0]!) + grey(bright[1]!)) / 2;
    const contrasted = bright.map((pixel) => pixel.map((value) => mean + 0.8 * (value - mean)));
    const expected = contrasted.flatMap((pixel) =>
      pixel.map((value) => grey(pixel) + 0.5 * (value - grey(pixel))),
    );
    for (const [i, value] of changeColours(image, factors).data.entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(0.5 + 1e-9);
  });

  it("are cut to what a byte holds, and stay when the factors are 1", () => {
    expect([...changeColours(image, { brightness: 3, contrast: 1, saturation: 1 }).data]).toEqual([
      255, 255, 255, 0, 150, 255,
    ]);
    expect(changeColours(image, { brightness: 1, contrast: 1, saturation: 1 }).data).toEqual(image.data);
    expect([
      ...changeColours(image, { brightness: 1, contrast: 1, saturation: 0 }).data.subarray(0, 3),
    ]).toEqual([141, 141, 141]);
  });

  it("are drawn within their range", () => {
    for (let index = 0; index < 50; index++) {
      const factors = drawColours({ brightness: 0.4, saturation: 3 }, { seed: 1, stream: 5, index });
      expect(Math.abs(factors.brightness - 1)).toBeLessThanOrEqual(0.4);
      expect(factors.contrast).toBe(1);
      expect(factors.saturation).toBeGreaterThanOrEqual(0);
    }
  });
});
