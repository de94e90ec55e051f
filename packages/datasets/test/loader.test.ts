import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type ImageBatch,
  type ImageDataset,
  type LoadOptions,
  loadImages,
  openDataset,
} from "../src/index.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
for (let i = 0; i < 10; i++)
  write(folder, `set/${i % 2 === 0 ? "even" : "odd"}/${i}.png`, await image([i, 2 * i, 3 * i], 8));
const dataset = await openDataset(`folder:${folder}/set`);
write(folder, "broken/a/1.png", await image([1, 1, 1]));
write(folder, "broken/a/2.png", "not an image");
write(folder, "broken/a/3.png", await image([3, 3, 3]));
const broken = await openDataset(`folder:${folder}/broken`);

const options = { size: 4, batch: 4, onCorrupt: "fail" } as const;

async function batches(from: ImageDataset, changes: Partial<LoadOptions> = {}): Promise<ImageBatch[]> {
  const all: ImageBatch[] = [];
  for await (const batch of loadImages(from, { ...options, ...changes })) all.push(batch);
  return all;
}

describe("loading batches", () => {
  it("gives every image once, in order, the last batch filled up with zeros", async () => {
    const all = await batches(dataset);
    expect(all.map(({ start, count }) => [start, count])).toEqual([
      [0, 4],
      [4, 4],
      [8, 2],
    ]);
    for (const { images } of all) expect(images.shape).toEqual([4, 3, 4, 4]);
    expect(all.flatMap(({ ids }) => ids)).toEqual(Array.from({ length: 10 }, (_, i) => dataset.id(i)));
    expect(all.flatMap(({ labels }) => [...labels])).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    expect(all.flatMap(({ valid }) => [...valid])).toEqual(new Array(10).fill(1));
    expect(all[2]!.images.data.subarray(2 * 48).every((value) => value === 0)).toBe(true);
  });

  it("crops to any height and width", async () => {
    const [batch] = await batches(dataset, { indices: [3, 5], batch: 2, size: { height: 4, width: 6 } });
    expect(batch!.images.shape).toEqual([2, 3, 4, 6]);
    const channel = (row: number) => [...new Set(batch!.images.data.subarray(72 * row, 72 * row + 24))];
    expect([channel(0), channel(1)]).toEqual([[6], [1]]);
    expect(await refusal(batches(dataset, { size: { height: 4, width: 0 } }))).toMatch(
      /^USAGE_INVALID: size/,
    );
  });

  it("puts channels first", async () => {
    const [batch] = await batches(dataset, { indices: [3], batch: 1 });
    const channel = (c: number) => [...new Set(batch!.images.data.subarray(16 * c, 16 * (c + 1)))];
    expect([batch!.ids[0], channel(0), channel(1), channel(2)]).toEqual(["even/6.png", [6], [12], [18]]);
  });

  it("follows the indices given, repetitions included", async () => {
    const all = await batches(dataset, { indices: [9, 0, 9, 5, 1], batch: 2 });
    expect(all.map(({ indices }) => [...indices])).toEqual([[9, 0], [9, 5], [1]]);
    expect(await batches(dataset, { indices: [] })).toEqual([]);
  });

  it("gives the same pixels with one worker as with many", async () => {
    const [one, many] = [await batches(dataset, { workers: 1 }), await batches(dataset, { workers: 16 })];
    expect(one).toEqual(many);
  });

  it("makes no more than two batches ahead of the consumer", async () => {
    let read = 0;
    const counting = {
      ...dataset,
      length: 100,
      id: String,
      label: () => 0,
      read: () => {
        read++;
        return dataset.read(0);
      },
    };
    const iterator = loadImages(counting, { ...options, batch: 5 });
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(read).toBe(20); // the batch in hand, and three being made while it is waited for
    await iterator.return(undefined);
    expect(read).toBe(20);
  });
});

describe("corrupt images", () => {
  it("end the work, naming the path", async () => {
    const text = await refusal(batches(broken));
    expect(text).toMatch(/^IMAGE_CORRUPT: .*broken\/a\/2.png is no JPEG, PNG or WebP image/);
  });

  it("or leave a row of zeros and an entry that says why", async () => {
    const [batch] = await batches(broken, { onCorrupt: "skip", indices: [2, 1, 0] });
    expect([...batch!.valid]).toEqual([1, 0, 1]);
    expect([...new Set(batch!.images.data.subarray(48, 96))]).toEqual([0]);
    expect([...new Set(batch!.images.data.subarray(96, 144))]).toEqual([1]);
    const source = join(folder, "broken/a/2.png");
    expect(batch!.failures).toEqual([
      { index: 1, id: "a/2.png", source, reason: expect.stringContaining(source) },
    ]);
  });

  it("are all that is skipped: a file that vanished is an error", async () => {
    const vanished = { ...dataset, read: () => openDataset(`folder:${folder}/gone`) as never };
    expect(await refusal(batches(vanished, { onCorrupt: "skip" }))).toMatch(/^FILE_MISSING/);
  });
});

describe("stopping and misuse", () => {
  it("stops when the signal fires", async () => {
    const controller = new AbortController();
    const work = (async () => {
      for await (const _ of loadImages(dataset, { ...options, batch: 1, signal: controller.signal }))
        controller.abort();
    })();
    expect(await refusal(work)).toMatch(/^INTERRUPTED/);
  });

  it("does not begin when the signal has fired", async () => {
    expect(await refusal(batches(dataset, { signal: AbortSignal.abort() }))).toMatch(/^INTERRUPTED/);
  });

  it.each([
    [{ size: 0 }, /size is 0/],
    [{ batch: 1.5 }, /batch is 1.5/],
    [{ workers: 0 }, /workers is 0/],
    [{ indices: [0, 10] }, /image 10 does not exist in set: it has images 0 to 9/],
  ])("refuses %j", async (changes, message) => {
    const text = await refusal(batches(dataset, changes));
    expect(text).toMatch(/^USAGE_INVALID/);
    expect(text).toMatch(message);
  });
});
