/** Parsers under arbitrary bytes: a value or a DifftapError, never another exception, never more than two seconds of work. */
import { isDifftapError } from "@difftap/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { buildIndex } from "../src/coco/build-index.js";
import { visitElements } from "../src/coco/elements.js";
import { cocoObject } from "../src/coco/object.js";
import { checked, cocoAnnotation } from "../src/coco/schema.js";
import { memorySource } from "../src/files/byte-source.js";
import { parseIdx } from "../src/files/idx.js";
import { decodeIndexPng } from "../src/files/index-png.js";
import { parseMat } from "../src/files/mat.js";
import { parseXml } from "../src/files/xml.js";
import { vocAnnotation } from "../src/voc/annotation.js";
import { indexBytes } from "../src/webdataset/shard-index.js";
import { expandBraces } from "../src/webdataset/shard-paths.js";
import { tarEntries } from "../src/webdataset/tar-entries.js";
import { streamingInput } from "../src/webdataset/tar-input.js";
import { damaged, fuzz, matValue, patience, runs, seed, utf8 } from "./fuzzing.js";
import { matBytes } from "./mat-bytes.js";
import { idxBytes, indexPng, tarBytes } from "./temporary.js";

const member = fc.record({
  name: fc.oneof(
    fc.constantFrom("a.jpg", "a.cls", "a.json", "b/c.png", "../x.jpg", "/x.jpg", "x"),
    fc.string({ maxLength: 120 }),
  ),
  content: fc.oneof(
    fc.uint8Array({ maxLength: 700 }),
    fc.constantFrom("3", "17 path=/etc/pw\n", "12 size=99\n", '{"label":1}'),
  ),
  type: fc.constantFrom("0", "0", "0", "\0", "1", "2", "5", "7", "x", "g", "L", "K", "S", "?"),
  size: fc.option(
    fc.nat().map((quarter) => quarter * 4),
    { nil: undefined, freq: 8 },
  ),
});

const archives = fc.array(member, { maxLength: 8 }).map((members) => new Uint8Array(tarBytes(members)));
const tarLike = fc.oneof(archives, damaged(archives), fc.uint8Array({ maxLength: 2048 }));

const idxFiles = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 5 }), fc.option(fc.nat({ max: 2 ** 31 })))
  .map(
    ([shape, magic]) =>
      new Uint8Array(idxBytes(shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)), magic ?? undefined)),
  );

it(`IDX headers, ${runs} cases, seed ${seed}`, patience, async () => {
  await fuzz(fc.oneof(idxFiles, damaged(idxFiles), fc.uint8Array({ maxLength: 64 })), (bytes) =>
    parseIdx(memorySource(bytes, "fuzz"), [1, 3, 4]),
  );
});

it(`tar archives read in place, ${runs} cases, seed ${seed}`, patience, async () => {
  await fuzz(tarLike, (bytes) => indexBytes(bytes, "fuzz"));
});

it(`tar archives as a stream, ${runs} cases, seed ${seed}`, patience, async () => {
  const chunk = fc.integer({ min: 1, max: 900 });
  await fuzz(fc.tuple(tarLike, chunk), async ([bytes, length]) => {
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
    })();
    for await (const entry of tarEntries(streamingInput(chunks, "fuzz")))
      if (entry.size % 2 === 0) await entry.body();
  });
});

it(`both walks agree, ${runs} cases, seed ${seed}`, patience, async () => {
  const listed = async (
    walk: AsyncGenerator<{ name: string; size: number; offset: number }>,
  ): Promise<string> => {
    const seen: string[] = [];
    try {
      for await (const { name, size, offset } of walk) seen.push(`${name} ${size} ${offset}`);
    } catch (error) {
      if (!isDifftapError(error)) throw error;
      seen.push(error.code);
    }
    return seen.join("\n");
  };
  const { seekingInput } = await import("../src/webdataset/tar-input.js");
  await fc.assert(
    fc.asyncProperty(tarLike, async (bytes) => {
      const inPlace = await listed(tarEntries(seekingInput(memorySource(bytes, "fuzz"))));
      const chunks = (async function* () {
        yield bytes;
      })();
      expect(await listed(tarEntries(streamingInput(chunks, "fuzz")))).toBe(inPlace);
    }),
    { numRuns: runs, seed },
  );
});

it(`brace patterns, ${runs} cases, seed ${seed}`, patience, async () => {
  const part = fc.constantFrom("{", "}", ",", "..", "0", "09", "12", "a", "-", "99999999999999999999");
  await fuzz(
    fc.array(part, { maxLength: 16 }).map((parts) => parts.join("")),
    (pattern) => expandBraces(pattern),
  );
});

const word = fc.oneof(
  fc.constantFrom(
    "annotation",
    "object",
    "name",
    "bndbox",
    "xmin",
    "ymin",
    "xmax",
    "ymax",
    "size",
    "width",
    "height",
  ),
  fc.string({ maxLength: 8 }),
);
const xmlPart = fc.oneof(
  word.map((name) => `<${name}>`),
  word.map((name) => `</${name}>`),
  word,
  fc.constantFrom(
    "<!DOCTYPE x>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml?>",
    "&amp;",
    "&#x0;",
    "&e;",
    "1",
    "-3.5",
    "\u0000",
  ),
);
const vocText = fc
  .array(
    fc.tuple(
      word,
      fc.array(fc.oneof(fc.double(), fc.string({ maxLength: 4 })), { minLength: 4, maxLength: 4 }),
    ),
    {
      maxLength: 3,
    },
  )
  .map((objects) => {
    const each = objects.map(([name, corners]) => {
      const box = ["xmin", "ymin", "xmax", "ymax"].map((corner, i) => `<${corner}>${corners[i]}</${corner}>`);
      return `<object><name>${name}</name><bndbox>${box.join("")}</bndbox></object>`;
    });
    return `<annotation><size><width>9</width><height>8</height></size>${each.join("")}</annotation>`;
  });

it(`VOC annotations, ${runs} cases, seed ${seed}`, patience, async () => {
  const parts = fc.array(xmlPart, { maxLength: 24 }).map((all) => all.join(""));
  await fuzz(fc.oneof(utf8(parts), utf8(vocText), damaged(utf8(vocText))), (bytes) =>
    vocAnnotation(parseXml(Buffer.from(bytes).toString("latin1"), "fuzz"), "fuzz"),
  );
});

const cocoId = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 2 }),
);
const number = fc.oneof(fc.integer({ min: -5, max: 20 }), fc.double(), fc.constantFrom(1e308, -0));
const runLengths = fc.record({
  size: fc.constantFrom([6, 7], [7, 6], [6], [2 ** 31, 2 ** 31]),
  counts: fc.oneof(
    fc.array(number, { maxLength: 6 }),
    fc.array(fc.integer({ min: 0, max: 42 }), { maxLength: 5 }).map((runs) => {
      const sum = runs.reduce((total, run) => total + run, 0);
      return [...runs, Math.max(0, 42 - sum)];
    }),
    fc.string({ maxLength: 12 }),
    fc.string({
      unit: fc.integer({ min: 48, max: 111 }).map((code) => String.fromCharCode(code)),
      maxLength: 12,
    }),
  ),
});
const annotations = fc.record(
  {
    id: cocoId,
    image_id: cocoId,
    category_id: cocoId,
    bbox: fc.oneof(fc.array(number, { minLength: 4, maxLength: 4 }), fc.array(number, { maxLength: 5 })),
    area: number,
    iscrowd: fc.constantFrom(0, 1, true, 2, "1"),
    segmentation: fc.oneof(
      runLengths,
      fc.array(fc.array(number, { maxLength: 9 }), { maxLength: 3 }),
      fc.jsonValue(),
    ),
  },
  { requiredKeys: ["image_id", "category_id", "bbox"] },
);
const coco = fc
  .record({
    images: fc.array(
      fc.record({
        id: cocoId,
        file_name: fc.string({ maxLength: 5 }),
        height: fc.constant(6),
        width: fc.constant(7),
      }),
      { maxLength: 4 },
    ),
    annotations: fc.oneof(fc.array(annotations, { maxLength: 5 }), fc.jsonValue()),
    categories: fc.array(fc.record({ id: cocoId, name: fc.constant("a") }), { maxLength: 3 }),
    info: fc.jsonValue(),
  })
  .map((value) => new Uint8Array(Buffer.from(JSON.stringify(value))));

async function* inChunks(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

it(`COCO files, ${runs} cases, seed ${seed}`, patience, async () => {
  const json = utf8(fc.json());
  const chunk = fc.integer({ min: 1, max: 400 });
  await fuzz(
    fc.tuple(fc.oneof(coco, damaged(coco), json, fc.uint8Array({ maxLength: 200 })), chunk),
    ([bytes, length]) => buildIndex(inChunks(bytes, length), "fuzz"),
  );
});

it(`COCO elements lie where the index says, ${runs} cases, seed ${seed}`, patience, async () => {
  const lists = fc.record({
    annotations: fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 5 }),
  });
  const spaces = fc.constantFrom(0, 1, "\t");
  await fc.assert(
    fc.asyncProperty(lists, spaces, fc.integer({ min: 1, max: 50 }), async (value, space, length) => {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(value, null, space)));
      const seen: string[] = [];
      const where = { sections: ["annotations"], source: "fuzz" };
      await visitElements(inChunks(bytes, length), where, ({ start, length: extent }) => {
        seen.push(Buffer.from(bytes.subarray(start, start + extent)).toString());
      });
      expect(seen.map((text) => JSON.stringify(JSON.parse(text)))).toEqual(
        value.annotations.map((element) => JSON.stringify(element)),
      );
    }),
    { numRuns: runs, seed },
  );
});

it(`COCO masks, ${runs} cases, seed ${seed}`, patience, async () => {
  const size = { height: 6, width: 7 };
  await fuzz(fc.oneof(annotations, fc.jsonValue()), (value) =>
    cocoObject(checked(cocoAnnotation, value, "fuzz"), { label: 0, size, where: "fuzz" }),
  );
});

const pngs = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 6 }),
    depth: fc.constantFrom(1, 2, 4, 8, 16),
    palette: fc.boolean(),
    value: fc.nat(65535),
  })
  .map(({ width, height, depth, palette, value }) => {
    const bits = palette ? Math.min(depth, 8) : depth;
    const values = Array.from({ length: width * height }, (_, i) => (value * (i + 1)) % 2 ** bits);
    return new Uint8Array(indexPng({ width, values, depth: bits, palette }));
  });

it(`PNGs of numbers, ${runs} cases, seed ${seed}`, patience, async () => {
  await fuzz(fc.oneof(pngs, damaged(pngs), fc.uint8Array({ maxLength: 100 })), (bytes) =>
    decodeIndexPng(bytes, "fuzz"),
  );
});

const mats = fc
  .tuple(fc.dictionary(fc.string({ maxLength: 6 }), matValue, { maxKeys: 3 }), fc.boolean())
  .map(([variables, packed]) => new Uint8Array(matBytes(variables, packed)));

it(`MATLAB files, ${runs} cases, seed ${seed}`, patience, async () => {
  await fuzz(fc.oneof(mats, damaged(mats), fc.uint8Array({ maxLength: 300 })), (bytes) =>
    parseMat(bytes, "fuzz"),
  );
});
