/** Published sets whose lists, tables and annotations hold anything: opened with sound labels, boxes and maps, or refused with a DifftapError. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { type ImageDataset, openDataset, openDetection, openSegmentation } from "../src/index.js";
import { damaged, fuzz, matValue, patience, runs, seed, utf8 } from "./fuzzing.js";
import { matBytes, type Written } from "./mat-bytes.js";
import { image, indexPng, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const jpeg = await image([1, 2, 3], 4, "jpeg");

type Files = Readonly<Record<string, fc.Arbitrary<Uint8Array>>>;

/** A folder with these images, into which each case writes its own files. */
function tree(kind: string, images: readonly string[], files: readonly string[]): string {
  for (const name of images) write(folder, `${kind}/${name}`, jpeg);
  for (const name of files) mkdirSync(join(folder, kind, name, ".."), { recursive: true });
  return join(folder, kind);
}

const awkward = [
  ...["", " ", "\t", "#", "-1", "0", "1", "2", "1.5", "1e9", "NaN", "9007199254740993", "..", "../1", "/1"],
  ...["a/b", "\0", "\uFEFF", "é", "__proto__", ",", "1,2"],
];

/** Lines of the words that `valid` has and of awkward ones; `valid` itself, whole or damaged; bytes. */
function text(valid: string): fc.Arbitrary<Uint8Array> {
  const word = fc.constantFrom(...valid.split(/\s+/), ...awkward);
  const line = fc.array(word, { maxLength: 4 }).map((words) => words.join(" "));
  const lines = fc.array(line, { maxLength: 6 }).map((all) => all.join("\n"));
  const whole = utf8(fc.constant(valid));
  return fc.oneof(
    { weight: 4, arbitrary: whole },
    utf8(lines),
    damaged(whole),
    fc.uint8Array({ maxLength: 40 }),
  );
}

/** Variables as they are published, with awkward numbers and texts or other values in their place. */
function mat(valid: Readonly<Record<string, Written>>): fc.Arbitrary<Uint8Array> {
  const whole = fc.constant(matBytes(valid, false));
  const variables = fc.record(
    Object.fromEntries(Object.entries(valid).map(([name, value]) => [name, like(value)])),
  );
  return fc.oneof(
    { weight: 4, arbitrary: whole },
    fc.tuple(variables, fc.boolean()).map(([values, packed]) => matBytes(values, packed)),
    damaged(whole),
  );
}

const like = (value: Written): fc.Arbitrary<Written> =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant(value) },
    fc.array(fc.oneof(fc.integer({ min: -1, max: 3 }), fc.double()), { maxLength: 3 }),
    fc.array(fc.constantFrom("1.jpg", ...awkward), { maxLength: 3 }),
    matValue,
  );

async function soundLabels(dataset: ImageDataset): Promise<void> {
  for (let index = 0; index < dataset.length; index++) {
    const label = dataset.label(index);
    expect(Number.isSafeInteger(label) && label >= 0, `label ${label}`).toBe(true);
    if (dataset.classes !== null) expect(dataset.classes[label]).toBeTypeOf("string");
    expect((await dataset.read(index)).kind).toBe("encoded");
  }
}

const classification: readonly { kind: string; options: string; images: readonly string[]; files: Files }[] =
  [
    {
      kind: "aircraft",
      options: ",split=train",
      images: ["data/images/1.jpg", "data/images/2.jpg"],
      files: {
        "data/variants.txt": text("707\nF/A-18\n"),
        "data/images_variant_train.txt": text("1 707\n2 F/A-18\n"),
      },
    },
    {
      kind: "cars",
      options: ",split=train",
      images: ["cars_train/1.jpg"],
      files: {
        "devkit/cars_meta.mat": mat({ class_names: ["AM General", "Acura"] }),
        "devkit/cars_train_annos.mat": mat({ annotations: { structs: [{ class: [2], fname: "1.jpg" }] } }),
      },
    },
    {
      kind: "cub",
      options: ",split=train",
      images: ["images/001.A/1.jpg", "images/002.B/2.jpg"],
      files: {
        "images.txt": text("1 001.A/1.jpg\n2 002.B/2.jpg\n"),
        "image_class_labels.txt": text("1 1\n2 2\n"),
        "train_test_split.txt": text("1 1\n2 1\n"),
        "classes.txt": text("1 001.A\n2 002.B\n"),
      },
    },
    {
      kind: "dogs",
      options: ",split=train",
      images: ["Images/n02085620-Chihuahua/1.jpg"],
      files: { "train_list.mat": mat({ file_list: ["n02085620-Chihuahua/1.jpg"], labels: [1] }) },
    },
    {
      kind: "flowers",
      options: ",split=val",
      images: ["jpg/image_00001.jpg", "jpg/image_00002.jpg"],
      files: { "imagelabels.mat": mat({ labels: [2, 1] }), "setid.mat": mat({ valid: [1, 2] }) },
    },
    {
      kind: "food101",
      options: ",split=train",
      images: ["images/pie/1.jpg", "images/soup/2.jpg"],
      files: { "meta/classes.txt": text("pie\nsoup\n"), "meta/train.txt": text("pie/1\nsoup/2\n") },
    },
    {
      kind: "pets",
      options: ",split=trainval",
      images: ["images/Abyssinian_1.jpg", "images/pug_2.jpg"],
      files: {
        "annotations/trainval.txt": text("Abyssinian_1 1 1 1\npug_2 2 2 1\n"),
        "annotations/test.txt": text("Abyssinian_3 1 1 1\n"),
      },
    },
    {
      kind: "imagenet",
      options: `,split=train,list=${folder}/imagenet/list.txt`,
      images: ["train/n00000001/n00000001_1.jpg", "train/n00000002/n00000002_2.jpg"],
      files: { "list.txt": text("n00000001_1.jpg\nn00000002/n00000002_2.jpg\n") },
    },
    {
      kind: "imagenet",
      options: ",split=val",
      images: [
        "val/1.jpg",
        "val/2.jpg",
        "train/n00000001/n00000001_1.jpg",
        "train/n00000002/n00000002_2.jpg",
      ],
      files: { "val.txt": text("1 n00000001\n2 1\n") },
    },
  ];

/** Writes a case's files, then opens the set. */
async function fuzzSet(path: string, files: Files, open: (path: string) => Promise<void>): Promise<void> {
  await fuzz(fc.record(files), async (contents) => {
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(path, name), bytes);
    await open(path);
  });
}

it.each(classification)(
  `labels of $kind: $options, ${runs} cases, seed ${seed}`,
  patience,
  async ({ kind, options, images, files }) => {
    const path = tree(kind, images, Object.keys(files));
    await fuzzSet(path, files, async () => soundLabels(await openDataset(`${kind}:${path}${options}`)));
  },
);

/** Inside the image but for rounding, which both formats have. */
const ROUNDING = 1;

async function soundObjects(spec: string): Promise<void> {
  const dataset = await openDetection(spec);
  try {
    for (let index = 0; index < dataset.length; index++) {
      const { height, width } = await dataset.imageSize(index);
      for (const { label, box, area } of await dataset.objects(index)) {
        const [left, top, boxWidth, boxHeight] = box;
        expect(dataset.categories[label]).toBeDefined();
        expect(Math.min(boxWidth, boxHeight)).toBeGreaterThan(0);
        expect(Math.min(left, top)).toBeGreaterThan(-ROUNDING);
        expect(Math.max(left + boxWidth - width, top + boxHeight - height)).toBeLessThan(ROUNDING);
        expect(area).toBeGreaterThanOrEqual(0);
      }
    }
  } finally {
    await dataset.close?.();
  }
}

const side = fc.oneof(fc.integer({ min: -2, max: 12 }), fc.double());

it(`boxes of voc, ${runs} cases, seed ${seed}`, patience, async () => {
  const object = fc.tuple(fc.constantFrom("dog", "cat", "<b/>", ""), fc.tuple(side, side, side, side));
  const annotation = fc.array(object, { maxLength: 3 }).map((objects) => {
    const each = objects.map(([name, [left, top, right, bottom]]) => {
      const box = `<xmin>${left}</xmin><ymin>${top}</ymin><xmax>${right}</xmax><ymax>${bottom}</ymax>`;
      return `<object><name>${name}</name><bndbox>${box}</bndbox></object>`;
    });
    return `<annotation>${each.join("")}</annotation>`;
  });
  const files = {
    "Annotations/1.xml": fc.oneof(utf8(annotation), damaged(utf8(annotation))),
    "ImageSets/Main/train.txt": text("1\n"),
    "classes.json": text('["dog","cat"]'),
  };
  const path = tree("voc", ["JPEGImages/1.jpg"], Object.keys(files));
  await fuzzSet(path, files, async () => {
    await soundObjects(`voc:${path},split=train`);
    await soundObjects(`voc:${path},split=train,classes=${path}/classes.json`);
  });
});

it(`objects of coco, ${runs} cases, seed ${seed}`, patience, async () => {
  const number = fc.oneof(fc.integer({ min: -5, max: 20 }), fc.double());
  const segmentation = fc.oneof(
    fc.array(fc.array(number, { maxLength: 9 }), { maxLength: 2 }),
    fc.record({
      size: fc.constant([4, 4]),
      counts: fc.oneof(fc.array(fc.nat(16), { maxLength: 4 }), fc.string({ maxLength: 6 })),
    }),
  );
  const annotation = fc.record(
    {
      image_id: fc.integer({ min: 6, max: 8 }),
      category_id: fc.constantFrom(3, 90, 91),
      bbox: fc.tuple(number, number, number, number),
      iscrowd: fc.constantFrom(0, 1),
      segmentation,
    },
    { requiredKeys: ["image_id", "category_id", "bbox"] },
  );
  const whole = fc.array(annotation, { maxLength: 4 }).map((annotations) =>
    JSON.stringify({
      images: [6, 7].map((id) => ({ id, file_name: `${id}.jpg`, height: 4, width: 4 })),
      annotations,
      categories: [3, 90].map((id) => ({ id, name: `class ${id}` })),
    }),
  );
  const files = { "instances.json": fc.oneof(utf8(whole), damaged(utf8(whole))) };
  const path = tree("coco", ["6.jpg", "7.jpg"], []);
  await fuzzSet(path, files, () => soundObjects(`coco:${path}/instances.json`));
});

it.each([
  ["masks", "masks", ",split=val,names=sky,road,ignore=7", ["val/1.jpg"], "valannot/1.png"],
  ["voc", "palettes", ",split=val", ["JPEGImages/1.jpg"], "SegmentationClass/1.png"],
] as const)(
  `label maps of %s, ${runs} cases, seed ${seed}`,
  patience,
  async (kind, name, options, images, map) => {
    const png = fc
      .tuple(fc.array(fc.constantFrom(0, 1, 7, 255), { minLength: 4, maxLength: 4 }), fc.boolean())
      .map(([values, palette]) => new Uint8Array(indexPng({ width: 2, values, palette })));
    const path = tree(name, images, [map]);
    if (kind === "voc") write(path, "ImageSets/Segmentation/val.txt", "1\n");
    await fuzzSet(path, { [map]: fc.oneof(png, damaged(png)) }, async () => {
      const dataset = await openSegmentation(`${kind}:${path}${options}`);
      const { height, width, data } = await dataset.labelMap(0);
      expect(data.length).toBe(height * width);
      const labels = dataset.labelNames.length;
      expect(data.every((label) => label < labels || label === dataset.ignore)).toBe(true);
    });
  },
);
