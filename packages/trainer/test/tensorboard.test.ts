import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selectEngine } from "@difftap/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { train } from "../src/index.js";
import { crc32c, maskedCrc32c } from "../src/tensorboard/crc32c.js";
import { encodeFileVersion, encodeScalars } from "../src/tensorboard/event.js";
import { frameRecord } from "../src/tensorboard/records.js";
import { judge, judgeIsMissing, judgeNote } from "./judge.js";
import { learnable, linearModel, recipe } from "./model.js";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test("CRC-32C of the vectors of RFC 3720, and its mask", () => {
  expect(crc32c(bytesOf("123456789"))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  const crc = 0xe3069283;
  expect(maskedCrc32c(bytesOf("123456789"))).toBe(
    (Number(((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) & 0xffffffffn) + 0xa282ead8) % 2 ** 32,
  );
});

test("a record is length, checksum, content, checksum", () => {
  const record = frameRecord(bytesOf("123456789"));
  expect(hexOf(record.subarray(0, 8))).toBe("0900000000000000");
  expect(record.length).toBe(8 + 4 + 9 + 4);
  const view = new DataView(record.buffer);
  expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
  expect(view.getUint32(21, true)).toBe(maskedCrc32c(bytesOf("123456789")));
});

test("an event in the protobuf wire format", () => {
  const event = encodeScalars({ wallTime: 1, step: 300, scalars: { "a/b": 0.5 } });
  expect(hexOf(event)).toBe("09000000000000f03f10ac022a0c0a0a0a03612f62150000003f");
  expect(hexOf(encodeFileVersion(1))).toBe("09000000000000f03f1a0d627261696e2e4576656e743a32");
});

describe.skipIf(judgeIsMissing)(`Python's TensorBoard${judgeNote}`, () => {
  let folder: string;
  beforeAll(async () => {
    await selectEngine("cpu");
    folder = await mkdtemp(join(tmpdir(), "trainer-events-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("reads the metrics of a run that was stopped and resumed, each step once", async () => {
    const { source } = learnable(70);
    const validation = learnable(20, 2).source;
    const options = { source, validation, recipe: { ...recipe, clipNorm: 1 }, folder };
    const controller = new AbortController();
    const stopped = train({
      ...options,
      model: linearModel(),
      signal: controller.signal,
      onProgress: ({ task, done }) => {
        if (task === "training" && done === 12) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED" });
    await train({ ...options, model: linearModel() });

    const script = `
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
log = EventAccumulator(given, size_guidance={"scalars": 0})
log.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in log.Scalars(tag)] for tag in log.Tags()["scalars"]}))`;
    const found = judge(script, join(folder, "tensorboard")) as Record<string, [number, number][]>;
    const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const points = lines.flatMap(({ step, split, values }) =>
      Object.entries(values as Record<string, number>).map(
        ([name, value]) => [`${split}/${name}`, [step, Math.fround(value)]] as const,
      ),
    );
    const tags = new Set(points.map(([tag]) => tag));
    const expected = Object.fromEntries(
      [...tags].map((tag) => [tag, points.filter(([own]) => own === tag).map(([, point]) => point)]),
    );
    expect(Object.keys(expected).sort()).toEqual([
      "train/gradientNorm",
      "train/learningRate",
      "train/loss",
      "validation/loss",
      "validation/top1",
    ]);
    expect(expected["train/loss"]!.map(([step]) => step)).toEqual(
      Array.from({ length: 25 }, (_, i) => i + 1),
    );
    expect(found).toEqual(expected);
  });
});
