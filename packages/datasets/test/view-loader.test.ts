import { describe, expect, it } from "vitest";
import {
  type DetectionBatch,
  type DetectionDataset,
  fitView,
  loadDetection,
  loadSegmentation,
  loadViews,
  objectsToCanvas,
  openDataset,
  openDetection,
  openScenes,
  openSegmentation,
  type SegmentationBatch,
  type ViewLoadOptions,
} from "../src/index.js";
import { image, indexPng, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const scenes = await openScenes({ count: 9, size: 20, seed: 6 });
const options = { height: 16, width: 24, fit: "letterbox", batch: 4, onCorrupt: "fail" } as const;

async function all<T>(batches: AsyncGenerator<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const batch of batches) list.push(batch);
  return list;
}
const detections = (
  changes: Partial<ViewLoadOptions> = {},
  dataset: DetectionDataset = scenes,
): Promise<DetectionBatch[]> => all(loadDetection(dataset, { ...options, ...changes }));
const segmentations = (changes: Partial<ViewLoadOptions> = {}): Promise<SegmentationBatch[]> =>
  all(loadSegmentation(scenes, { ...options, ...changes }));

describe("loading views", () => {
  it("gives every image once, on a canvas that is no square, with its objects", async () => {
    const batches = await detections();
    expect(batches.map(({ start, count, images }) => [start, count, images.shape])).toEqual([
      [0, 4, [4, 3, 16, 24]],
      [4, 4, [4, 3, 16, 24]],
      [8, 1, [4, 3, 16, 24]],
    ]);
    const view = fitView({ height: 20, width: 20 }, { height: 16, width: 24 }, "letterbox");
    expect(batches[1]!.views[2]).toEqual(view);
    expect(batches[1]!.objects[2]).toEqual(objectsToCanvas(await scenes.objects(6), view, 0));
    expect(batches[2]!.images.data.subarray(3 * 16 * 24).every((value) => value === 0)).toBe(true);
    expect(batches.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 9 }, (_, i) => scenes.id(i)));
  });

  it("gives label maps of the same places, ignored where there is no image", async () => {
    const [first, , last] = await segmentations();
    const { labels } = first!;
    expect([labels.dtype, labels.shape]).toEqual(["int32", [4, 16, 24]]);
    const map = (await scenes.labelMap(0)).data;
    for (const [y, x] of [
      [0, 0],
      [7, 9],
      [15, 15],
    ] as const)
      expect(labels.data[y * 24 + x]).toBe(
        map[Math.floor((y + 0.5) * 1.25) * 20 + Math.floor((x + 0.5) * 1.25)],
      );
    for (let y = 0; y < 16; y++)
      expect(new Set(labels.data.subarray(y * 24 + 16, y * 24 + 24))).toEqual(new Set([255]));
    expect(new Set(last!.labels.data.subarray(16 * 24))).toEqual(new Set([255]));
  });

  it("augments by epoch, the same in any batch and order", async () => {
    const augment = { seed: 2, epoch: 1, scale: [0.5, 2], colours: { brightness: 0.3 } } as const;
    const batches = await detections({ augment });
    const [alone] = await detections({ augment, indices: [7], batch: 1 });
    const row = 3 * 16 * 24;
    expect(alone!.images.data).toEqual(batches[1]!.images.data.subarray(3 * row, 4 * row));
    expect([alone!.views[0], alone!.objects[0]]).toEqual([batches[1]!.views[3], batches[1]!.objects[3]]);
    const [next] = await detections({ augment: { ...augment, epoch: 2 }, indices: [7], batch: 1 });
    expect(next!.images.data).not.toEqual(alone!.images.data);
    const [maps] = await segmentations({ augment, indices: [7], batch: 1 });
    expect([maps!.images.data, maps!.views]).toEqual([alone!.images.data, alone!.views]);
  });

  it("loads images that have no annotations", async () => {
    for (const i of [1, 2]) write(folder, `plain/${i}.png`, await image([i, i, i], 6));
    const [batch] = await all(
      loadViews(await openDataset(`folder:${folder}/plain`), { ...options, fit: "stretch" }),
    );
    expect(Object.keys(batch!)).not.toContain("rows");
    expect([batch!.count, [...new Set(batch!.images.data.subarray(0, 1152))]]).toEqual([2, [1]]);
    expect(batch!.views[0]?.resized).toEqual({ height: 16, width: 24 });
  });

  it("gives the same with one worker as with many", async () => {
    expect(await detections({ workers: 1 })).toEqual(await detections({ workers: 16 }));
  });

  it("makes no more than two batches ahead of the consumer", async () => {
    let read = 0;
    const counting: DetectionDataset = {
      ...scenes,
      read: (index) => {
        read++;
        return scenes.read(index);
      },
    };
    const iterator = loadDetection(counting, { ...options, batch: 2 });
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(read).toBe(8); // the batch in hand, and three being made while it is waited for
    await iterator.return(undefined);
  });
});

const nine = await image([9, 9, 9], 4);
describe("loading what does not hold", () => {
  for (const name of ["a", "b", "c"]) {
    write(folder, `city/val/${name}.png`, nine);
    write(folder, `city/valannot/${name}.png`, indexPng({ width: 4, values: new Array(16).fill(1) }));
  }
  const city = () => openSegmentation(`masks:${folder}/city,split=val,names=a,b`);
  const labels = async (onCorrupt: "fail" | "skip") =>
    (await all(loadSegmentation(await city(), { ...options, onCorrupt })))[0]!;

  it("skips a corrupt image, and a corrupt mask: no objects, all ignored", async () => {
    write(folder, "city/val/b.png", "no image");
    write(
      folder,
      "city/valannot/c.png",
      indexPng({ width: 4, values: new Array(16).fill(1) }).subarray(0, 50),
    );
    expect(await refusal(labels("fail"))).toMatch(/^IMAGE_CORRUPT: .*city\/(val\/b|valannot\/c).png/);
    const batch = await labels("skip");
    expect([...batch.valid]).toEqual([1, 0, 0]);
    expect(
      batch.failures.map(({ id, reason }) => [id, /(\w+\/\w+.png) (is|cannot)/.exec(reason)?.[1]]),
    ).toEqual([
      ["val/b.png", "val/b.png"],
      ["val/c.png", "valannot/c.png"],
    ]);
    expect(new Set(batch.labels.data.subarray(384, 1152))).toEqual(new Set([255]));
    expect([...new Set(batch.images.data.subarray(1152))]).toEqual([0]);
    expect(batch.views).toHaveLength(3);
  });

  it("refuses a mask of another size than its image, even when corrupt images are skipped", async () => {
    write(folder, "city/val/b.png", nine);
    write(folder, "city/valannot/c.png", indexPng({ width: 3, values: new Array(9).fill(1) }));
    expect(await refusal(labels("skip"))).toMatch(
      /^DATA_REFUSED: .*city\/val\/c.png has 4×4 pixels, its annotations are for 3×3/,
    );
  });

  it("refuses an image of another size than its boxes are for", async () => {
    write(folder, "voc/JPEGImages/a.jpg", await image([9, 9, 9], 4, "jpeg"));
    write(folder, "voc/ImageSets/Main/train.txt", "a");
    write(
      folder,
      "voc/Annotations/a.xml",
      "<annotation><size><width>8</width><height>8</height></size></annotation>",
    );
    const dataset = await openDetection(`voc:${folder}/voc,split=train`);
    expect(await refusal(detections({}, dataset))).toContain("has 4×4 pixels, its annotations are for 8×8");
  });

  it("stops when the signal fires", async () => {
    const controller = new AbortController();
    const work = (async () => {
      for await (const _ of loadDetection(scenes, { ...options, batch: 1, signal: controller.signal }))
        controller.abort();
    })();
    expect(await refusal(work)).toMatch(/^INTERRUPTED/);
  });

  it.each([
    [{ height: 0 }, /height is 0/],
    [{ width: 1.5 }, /width is 1.5/],
    [{ batch: -1 }, /batch is -1/],
    [{ indices: [9] }, /image 9 does not exist/],
  ])("refuses %j", async (changes, message) => {
    expect(await refusal(detections(changes))).toMatch(message);
  });
});
