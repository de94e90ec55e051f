import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { openDataset } from "../src/index.js";
import { expandBraces } from "../src/webdataset/shard-paths.js";
import { image, opened, refusal, type TarMember, tarBytes, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const png = await image([10, 20, 30]);
const jpg = await image([200, 100, 50], 4, "jpeg");

const samples: TarMember[] = [
  { name: "000.jpg", content: jpg },
  { name: "000.cls", content: "2" },
  { name: "./deep/001.png", content: png },
  { name: "./deep/001.cls", content: " 0\n" },
  { name: "./deep/001.json", content: '{"width":4}' },
];

async function listed(spec: string): Promise<[string, number][]> {
  const dataset = await opened(spec);
  return Array.from({ length: dataset.length }, (_, i) => [dataset.id(i), dataset.label(i)]);
}

describe("WebDataset shards", () => {
  it("are read in place, or unpacked in memory, alike", async () => {
    write(folder, "plain/train-0.tar", tarBytes(samples));
    write(folder, "packed/train-0.tar.gz", gzipSync(tarBytes(samples)));
    const plain = await opened(`webdataset:${folder}/plain/train-0.tar`);
    const packed = await opened(`webdataset:${folder}/packed/train-0.tar.gz`);
    expect(plain.digest).toBe(packed.digest);
    for (const dataset of [plain, packed]) {
      expect([dataset.id(0), dataset.label(0), dataset.id(1), dataset.label(1)]).toEqual([
        "train-0/000",
        2,
        "train-0/deep/001",
        0,
      ]);
      const [first, second] = [await dataset.read(0), await dataset.read(1)];
      expect(first.kind === "encoded" && Buffer.from(first.bytes).equals(jpg)).toBe(true);
      expect(second.kind === "encoded" && Buffer.from(second.bytes).equals(png)).toBe(true);
      expect(second.source).toMatch(/train-0.tar(.gz)?, member deep\/001.png$/);
    }
  });

  it("are found by ranges, lists and wildcards", async () => {
    for (const name of ["s-08", "s-09", "s-10", "t-1"])
      write(folder, `many/${name}.tar`, tarBytes(samples.slice(0, 2)));
    const all = (names: string[]) => names.map((name) => [`${name}/000`, 2]);
    expect(await listed(`webdataset:${folder}/many/s-{08..10}.tar`)).toEqual(all(["s-08", "s-09", "s-10"]));
    expect(await listed(`webdataset:${folder}/many/{t-1,s-09}.tar`)).toEqual(all(["t-1", "s-09"]));
    expect(await listed(`webdataset:${folder}/many/s-*.tar`)).toEqual(all(["s-08", "s-09", "s-10"]));
    expect(await refusal(openDataset(`webdataset:${folder}/many/s-{09..11}.tar`))).toMatch(
      /^FILE_MISSING: .*s-11.tar/,
    );
    expect(await refusal(openDataset(`webdataset:${folder}/many/u-*.tar`))).toMatch(
      /^FILE_MISSING: no file matches/,
    );
    expect(await refusal(openDataset(`webdataset:${folder}/many/s-{10..08}.tar`))).toMatch(
      /^CONFIG_INVALID: .*runs backwards/,
    );
    expect(await refusal(openDataset(`webdataset:${folder}/s-{0..999999999}.tar`))).toMatch(
      /^CONFIG_INVALID: .*more than 100000 shards/,
    );
  });

  it("understand long names, as other tools write them", async () => {
    const key = `${"long/".repeat(60)}000`;
    const archive = await packTar([
      { header: { name: `${key}.png`, size: png.length }, body: png },
      { header: { name: `${key}.cls`, size: 1 }, body: "3" },
    ]);
    write(folder, "long/a.tar", archive);
    const dataset = await opened(`webdataset:${folder}/long/a.tar`);
    expect([dataset.id(0), dataset.label(0)]).toEqual([`a/${key}`, 3]);
    const read = await dataset.read(0);
    expect(read.kind === "encoded" && Buffer.from(read.bytes).equals(png)).toBe(true);
  });

  it("may label by name, numbered in sorted order or by classes.json", async () => {
    const named: TarMember[] = ["dog", "cat", "dog"].flatMap((label, i) => [
      { name: `${i}.png`, content: png },
      { name: `${i}.cls`, content: label },
    ]);
    write(folder, "names/a.tar", tarBytes(named));
    const sorted = await opened(`webdataset:${folder}/names/a.tar`);
    expect([sorted.classes, [0, 1, 2].map((i) => sorted.label(i))]).toEqual([
      ["cat", "dog"],
      [1, 0, 1],
    ]);
    const list = write(folder, "names/list.json", '["bird", "dog", "cat"]');
    const given = await opened(`webdataset:${folder}/names/a.tar,classes=${list}`);
    expect([0, 1, 2].map((i) => given.label(i))).toEqual([1, 2, 1]);
    write(folder, "names/classes.json", '{"classes": ["dog"]}');
    expect(await refusal(openDataset(`webdataset:${folder}/names/a.tar`))).toMatch(
      /^LABELS_MISMATCH: .*"cat"/,
    );
  });

  it("may label in JSON, or not at all", async () => {
    write(
      folder,
      "json/a.tar",
      tarBytes([
        { name: "1.png", content: png },
        { name: "1.json", content: '{"label": 4}' },
      ]),
    );
    expect(await listed(`webdataset:${folder}/json/a.tar`)).toEqual([["a/1", 4]]);
    write(folder, "json/b.tar", tarBytes([{ name: "1.png", content: png }]));
    expect(await listed(`webdataset:${folder}/json/b.tar`)).toEqual([["b/1", -1]]);
  });

  it("expand braces in any number, padded", () => {
    expect(expandBraces("{a,b}-{08..10}.tar")).toEqual(
      ["a-08", "a-09", "a-10", "b-08", "b-09", "b-10"].map((n) => `${n}.tar`),
    );
    expect(expandBraces("x{1}y{}")).toEqual(["x{1}y{}"]);
  });
});

describe("archives that are refused", () => {
  const cases: [string, Uint8Array, RegExp][] = [
    [
      "a name with ..",
      tarBytes([{ name: "../000.jpg", content: jpg }]),
      /member "..\/000.jpg": the name leaves the archive/,
    ],
    ["a name with .. inside", tarBytes([{ name: "a/../../b.jpg", content: jpg }]), /leaves the archive/],
    ["an absolute name", tarBytes([{ name: "/etc/passwd.jpg", content: jpg }]), /the name is absolute/],
    ["a drive", tarBytes([{ name: "C:\\x.jpg", content: jpg }]), /the name is absolute/],
    [
      "a symbolic link",
      tarBytes([{ name: "a.jpg", type: "2", link: "/etc/passwd" }]),
      /a symbolic link; only regular files/,
    ],
    ["a hard link", tarBytes([{ name: "a.jpg", type: "1", link: "b.jpg" }]), /a hard link/],
    ["a device", tarBytes([{ name: "a.jpg", type: "3" }]), /a character device/],
    ["a pipe", tarBytes([{ name: "a.jpg", type: "6" }]), /a named pipe/],
    ["a sparse file", tarBytes([{ name: "a.jpg", type: "S" }]), /a sparse file/],
    ["a size beyond the end", tarBytes([{ name: "a.jpg", content: jpg, size: 1e6 }]), /truncated/],
    ["no end mark", tarBytes(samples, false), /truncated: its end mark is missing/],
    ["a cut header", tarBytes(samples).subarray(0, 700), /truncated/],
    ["a flipped bit in a header", flipped(tarBytes(samples), 5), /no tar header here: its checksum/],
    ["no archive", png, /no tar header here|truncated/],
    ["an empty file", Buffer.alloc(0), /truncated/],
    ["an archive of nothing", tarBytes([]), /holds no images/],
    [
      "two images for one key",
      tarBytes([
        { name: "a.jpg", content: jpg },
        { name: "a.png", content: png },
      ]),
      /two images for one sample/,
    ],
    [
      "a global record that renames",
      tarBytes([{ name: "g", type: "g", content: "16 path=/etc/pw\n" }]),
      /global record/,
    ],
    [
      "a malformed record",
      tarBytes([{ name: "x", type: "x", content: "99 path=a\n" }]),
      /malformed pax record/,
    ],
    [
      "a record without a length",
      tarBytes([{ name: "x", type: "x", content: "path=a" }]),
      /malformed pax record/,
    ],
    [
      "a hostile long name",
      tarBytes([
        { name: "L", type: "L", content: "../../x.jpg\0" },
        { name: "x", content: jpg },
      ]),
      /leaves the archive/,
    ],
    [
      "a name record without end",
      tarBytes([{ name: "L", type: "L", content: "a", size: 10_000_000 }]),
      /name record of 10000000 bytes/,
    ],
    ["labels that are not text", tarBytes([{ name: "a.cls", content: Uint8Array.of(0xff) }]), /not UTF-8/],
    [
      "broken JSON",
      tarBytes([
        { name: "a.jpg", content: jpg },
        { name: "a.json", content: "{" },
      ]),
      /not JSON/,
    ],
  ];

  it.each(cases)("%s", async (name, bytes, message) => {
    const path = write(folder, `refused/${name.replaceAll(/\W/g, "-")}.tar`, bytes);
    const packed = write(folder, `refused/${name.replaceAll(/\W/g, "-")}.tar.gz`, gzipSync(bytes));
    for (const shard of [path, packed]) {
      const text = await refusal(openDataset(`webdataset:${shard}`));
      expect(text).toMatch(/^DATA_REFUSED: /);
      expect(text).toMatch(message);
    }
  });

  it("a gzip bomb, before it fills memory", async () => {
    const path = write(
      folder,
      "bomb.tar.gz",
      gzipSync(tarBytes([{ name: "a.jpg", content: Buffer.alloc(48 * 1024 * 1024) }])),
    );
    expect(await refusal(openDataset(`webdataset:${path}`))).toMatch(/^DATA_REFUSED: .*a decompression bomb/);
  });

  it("damaged gzip data", async () => {
    const path = write(folder, "damaged.tar.gz", gzipSync(tarBytes(samples)).subarray(0, -20));
    expect(await refusal(openDataset(`webdataset:${path}`))).toMatch(/^DATA_REFUSED: .* is damaged/);
  });

  it("the same shard twice", async () => {
    const path = write(folder, "twice/a.tar", tarBytes(samples));
    expect(await refusal(openDataset(`webdataset:{${path},${path}}`))).toMatch(
      /^DATA_REFUSED: .*a\/000 is there twice/,
    );
  });
});

describe("labels that do not match", () => {
  it.each([
    [
      "one without",
      [...samples, { name: "z.jpg", content: jpg }],
      /1 of 3 images have no label, such as a\/z/,
    ],
    [
      "one without its image",
      [...samples, { name: "z.cls", content: "1" }],
      /1 labels have no image, the first is z.cls/,
    ],
  ])("%s", async (_, members, message) => {
    const path = write(folder, "labels/a.tar", tarBytes(members));
    const text = await refusal(openDataset(`webdataset:${path}`));
    expect(text).toMatch(/^LABELS_MISMATCH: /);
    expect(text).toMatch(message);
  });

  it("one beyond the class list", async () => {
    write(folder, "beyond/classes.json", '["a", "b"]');
    const path = write(folder, "beyond/a.tar", tarBytes(samples));
    expect(await refusal(openDataset(`webdataset:${path}`))).toMatch(
      /^LABELS_MISMATCH: .*000 has label 2, the class list has 2 classes \(0 to 1\)/,
    );
  });

  it.each([["{}"], ["[1]"], ["{"], ['["a","a"]']])("a class list of %s", async (text) => {
    const path = write(folder, "list/a.tar", tarBytes(samples));
    write(folder, "list/other.json", text);
    expect(
      await refusal(openDataset(`webdataset:${path},classes=${join(folder, "list/other.json")}`)),
    ).toMatch(/^DATA_REFUSED/);
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  bytes[at]! ^= 0x10;
  return bytes;
}
