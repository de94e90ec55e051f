/** What a user may get wrong: each is refused with its exit code, naming what, where and what to do. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { beforeAll, expect, test } from "vitest";
import { put, run, smallModel, tarEnd, tarEntry } from "./world.js";

let folder: string;
let weights: string;
beforeAll(async () => {
  ({ folder, weights } = await smallModel());
});

const scenes = "scenes:count=40,size=16,seed=1";
const features = (...extra: string[]) =>
  run(
    "features",
    "--weights",
    weights,
    "--dataset",
    scenes,
    "--blocks",
    "2",
    "--batch",
    "8",
    "--out",
    join(folder, "unused"),
    ...extra,
  );

test("a missing published checkpoint says what to download and where to put it", () => {
  const path = join(folder, "256x256_diffusion_uncond.pt");
  const { code, err } = run("taps", "--weights", join(folder, "none.pt"));
  expect(code).toBe(2);
  expect(err).toContain("none.pt");
  const published = run("features", "--weights", path, "--dataset", scenes, "--out", join(folder, "x"));
  expect(published.code).toBe(2);
  expect(published.err).toContain(
    "https://openaipublic.blob.core.windows.net/diffusion/jul-2021/256x256_diffusion_uncond.pt",
  );
  expect(published.err).toContain(path);
});

test("a truncated checkpoint is refused data", () => {
  const path = put(folder, "cut/model.safetensors", readFileSync(weights).subarray(0, 5000));
  put(folder, "cut/model.json", readFileSync(join(folder, "model.json")));
  const { code, err } = run("taps", "--weights", path);
  expect(code).toBe(3);
  expect(err).toMatch(/CHECKPOINT_REFUSED/);
});

test("a pickle that calls os.system is refused by that name, and nothing runs", () => {
  const marker = join(folder, "ran");
  const pickle = Buffer.from(
    `\x80\x02cposix\nsystem\nX${String.fromCharCode(`touch ${marker}`.length)}\0\0\0touch ${marker}\x85R.`,
    "latin1",
  );
  const path = put(folder, "evil.pt", Buffer.concat([legacyMagic, pickle]));
  const { code, err } = run("taps", "--weights", path, "--architecture", "256x256_diffusion_uncond");
  expect(code === 0 || code === 3).toBe(true);
  const opened = run("features", "--weights", path, "--dataset", scenes, "--out", join(folder, "y"));
  expect(opened.code).toBe(3);
  expect(opened.err + err).toContain("posix");
  expect(existsSync(marker)).toBe(false);
});

/** Magic number, protocol and system information as a legacy .pt file begins, all of them pickles. */
const legacyMagic = Buffer.from(
  "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}q\x00.",
  "latin1",
);

test("weights that do not fit list every tensor with both shapes", () => {
  const architecture = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
  architecture.flags.num_channels = 64;
  const path = put(folder, "wide.json", JSON.stringify(architecture));
  const { code, err } = run(
    "features",
    "--weights",
    weights,
    "--architecture",
    path,
    "--dataset",
    scenes,
    "--out",
    join(folder, "z"),
  );
  expect(code).toBe(3);
  expect(err).toContain("WEIGHTS_MISMATCH");
  expect(err).toMatch(
    /input_blocks\.0\.0\.weight.*\[32, 3, 3, 3\].*\[64, 3, 3, 3\]|input_blocks\.0\.0\.weight.*\[64, 3, 3, 3\].*\[32, 3, 3, 3\]/,
  );
  expect(err).toContain("out.2.weight");
});

test.each(["0", "99"])("block %s does not exist; the legal ones are listed", (block) => {
  const { code, err } = features("--blocks", block);
  expect(code).toBe(2);
  expect(err).toContain(`block ${block}`);
  expect(err).toContain("1–4 (input), 5 (middle), 6–9 (output)");
});

test("timestep 1000 does not exist", () => {
  const { code, err } = features("--timesteps", "1000");
  expect(code).toBe(2);
  expect(err).toMatch(/1000[\s\S]*999/);
});

test("an image size that the levels cannot divide names the nearest legal ones", () => {
  const { code, err } = features("--size", "17");
  expect(code).toBe(2);
  expect(err).toMatch(/17[\s\S]*16[\s\S]*18/);
});

test("IDX with a wrong magic number is refused with the number", () => {
  const images = put(folder, "idx/images-idx3-ubyte", Buffer.from([1, 2, 3, 4, 0, 0, 0, 1]));
  const labels = put(folder, "idx/labels-idx1-ubyte", Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 0]));
  const { code, err } = features("--dataset", `idx:${images},labels=${labels}`);
  expect(code).toBe(3);
  expect(err).toMatch(/01 ?02 ?03 ?04|0x1020304|0x01020304|16909060/);
});

test.each([
  ["a name with ..", "../escape.jpg", "0", ""],
  ["a symbolic link", "a.jpg", "2", "/etc/passwd"],
])("a tar with %s is refused", (_, name, type, link) => {
  const tar = put(
    folder,
    `tar-${type}/bad.tar`,
    Buffer.concat([tarEntry(name, Buffer.from(type === "0" ? "x" : ""), type, link), tarEnd]),
  );
  const { code, err } = features("--dataset", `webdataset:${tar}`);
  expect(code).toBe(3);
  expect(err).toContain(name);
});

test("a decompression bomb is refused by its pixels, with the path", () => {
  // A PNG header that announces 60,000 × 60,000 pixels.
  const chunk = Buffer.from("0000000d49484452" + "0000ea600000ea60" + "0802000000", "hex");
  const png = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk, Buffer.from("00000000", "hex")]);
  const path = put(folder, "bomb/class/huge.png", png);
  const { code, err } = features("--dataset", `folder:${join(folder, "bomb")}`);
  expect(code).toBe(3);
  expect(err).toContain(path);
});

test("a corrupt image is fatal or skipped and counted, as asked", () => {
  const red = encode({ width: 2, height: 2, channels: 3, depth: 8, data: new Uint8Array(12).fill(200) });
  put(folder, "mixed/a/good.png", red);
  put(folder, "mixed/a/good2.png", red);
  const bad = put(folder, "mixed/b/bad.png", "not an image");
  const dataset = `folder:${join(folder, "mixed")}`;
  const fatal = features("--dataset", dataset, "--out", join(folder, "mixed-fatal"));
  expect(fatal.code).toBe(3);
  expect(fatal.err).toContain(bad);
  const skipped = features(
    "--dataset",
    dataset,
    "--on-corrupt",
    "skip",
    "--json",
    "--out",
    join(folder, "mixed-skip"),
  );
  expect(JSON.parse(skipped.out)).toMatchObject({ samples: 3, skipped: 1, complete: true });
  expect(skipped.err).toContain(bad);
});

test("a store of another request says what differs", () => {
  const store = join(folder, "store");
  expect(features("--out", store).code).toBe(0);
  const { code, err } = features("--out", store, "--seed", "2");
  expect(code).toBe(2);
  expect(err).toMatch(/STORE_MISMATCH/);
  expect(err).toMatch(/seed[\s\S]*1[\s\S]*2/);
});

test("a folder that cannot be written is named", () => {
  const file = put(folder, "plain-file", "");
  const { code, err } = features("--out", join(file, "store"));
  expect(code).toBe(1);
  expect(err).toContain(file);
  expect(err).toContain("WRITE_FAILED");
});

test("labels that do not match the images are refused", () => {
  const header = (magic: number[], ...sizes: number[]) =>
    Buffer.from([...magic, ...sizes.flatMap((size) => [0, 0, size >> 8, size & 255])]);
  const images = put(
    folder,
    "idx2/images",
    Buffer.concat([header([0, 0, 8, 3], 3, 16, 16), Buffer.alloc(3 * 256)]),
  );
  const labels = put(folder, "idx2/labels", Buffer.concat([header([0, 0, 8, 1], 2), Buffer.from([0, 1])]));
  const { code, err } = features("--dataset", `idx:${images},labels=${labels}`);
  expect(code).toBe(3);
  expect(err).toContain("LABELS_MISMATCH");
  expect(err).toMatch(/3[\s\S]*2/);
});

test("a probe on unlabelled images, an unknown array and stores of other weights are refused", () => {
  const store = join(folder, "probed");
  expect(features("--out", store).code).toBe(0);
  const unknown = run("probe", "--train", store, "--test", store, "--array", "t7/b02");
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain("t50/b02");
  expect(run("probe", "--train", store, "--test", join(folder, "nowhere")).code).toBe(2);
  writeFileSync(join(folder, "no-store"), "");
  expect(run("knn", "--train", join(folder, "no-store"), "--test", store).code).not.toBe(0);
});
