import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openDataset } from "../src/index.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const png = await image([10, 20, 30]);

function tree(name: string, files: readonly string[]): string {
  for (const file of files) write(folder, `${name}/${file}`, png);
  return join(folder, name);
}

describe("an image folder", () => {
  it("has a class per sub-folder and sorted ids, nested folders included", async () => {
    const path = tree("flowers", [
      "tulip/b.png",
      "tulip/a.PNG",
      "rose/deep/er/c.jpg",
      "rose/d.webp",
      "tulip/notes.txt",
      ".cache/x.png",
    ]);
    mkdirSync(join(path, "violet"));
    const dataset = await openDataset(`folder:${path}`);
    expect(dataset.classes).toEqual(["rose", "tulip", "violet"]);
    expect(Array.from({ length: dataset.length }, (_, i) => [dataset.id(i), dataset.label(i)])).toEqual([
      ["rose/d.webp", 0],
      ["rose/deep/er/c.jpg", 0],
      ["tulip/a.PNG", 1],
      ["tulip/b.png", 1],
    ]);
    expect(await dataset.read(3)).toMatchObject({ kind: "encoded", source: join(path, "tulip/b.png") });
  });

  it("is unlabelled when images lie alone", async () => {
    const dataset = await openDataset(`folder:${tree("alone", ["2.png", "1.png"])}`);
    expect([dataset.classes, dataset.label(0), dataset.id(0)]).toEqual([null, -1, "1.png"]);
  });

  it("keeps its digest when moved, and changes it with a file", async () => {
    const one = await openDataset(`folder:${tree("here", ["a/1.png", "b/2.png"])}`);
    const moved = await openDataset(`folder:${tree("there", ["a/1.png", "b/2.png"])}`);
    const more = await openDataset(`folder:${tree("more", ["a/1.png", "b/2.png", "b/3.png"])}`);
    expect(moved.digest).toBe(one.digest);
    expect(more.digest).not.toBe(one.digest);
  });

  it("reads links to files of the same tree", async () => {
    const path = tree("linked", ["a/1.png"]);
    symlinkSync("1.png", join(path, "a/2.png"));
    expect((await openDataset(`folder:${path}`)).length).toBe(2);
  });
});

describe("folders that are refused", () => {
  it("a link out of the tree", async () => {
    const path = tree("leaking", ["a/1.png"]);
    symlinkSync("/etc", join(path, "a/etc"));
    expect(await refusal(openDataset(`folder:${path}`))).toMatch(
      /^DATA_REFUSED: .*a\/etc is a link out of the folder: \/etc/,
    );
  });

  it("a link to a file beside the tree, even one whose name begins alike", async () => {
    const outside = tree("start-outside", ["x/1.png"]);
    const path = tree("start", ["a/1.png"]);
    symlinkSync(join(outside, "x/1.png"), join(path, "a/2.png"));
    expect(await refusal(openDataset(`folder:${path}`))).toContain("a link out of the folder");
  });

  it("a link that makes a circle", async () => {
    const path = tree("circle", ["a/1.png"]);
    symlinkSync("..", join(path, "a/up"));
    expect(await refusal(openDataset(`folder:${path}`))).toMatch(/a link (to a folder|out of the folder)/);
  });

  it("a link to nothing", async () => {
    const path = tree("dangling", ["a/1.png"]);
    symlinkSync("nowhere.png", join(path, "a/2.png"));
    expect(await refusal(openDataset(`folder:${path}`))).toMatch(/^FILE_MISSING: .*a\/2.png/);
  });

  it("images both in and beside class folders", async () => {
    const text = await refusal(openDataset(`folder:${tree("mixed", ["a/1.png", "2.png"])}`));
    expect(text).toMatch(/^LABELS_MISMATCH: .* 1 images lie beside the class folders, such as 2.png/);
  });

  it("no images, saying what there is", async () => {
    write(folder, "texts/a/x.gif", "");
    write(folder, "texts/a/y.gif", "");
    expect(await refusal(openDataset(`folder:${folder}/texts`))).toMatch(
      /^DATA_REFUSED: .*holds no images \(only 2 × .gif\)/,
    );
  });

  it("a folder that is not there", async () => {
    expect(await refusal(openDataset(`folder:${folder}/none`))).toMatch(/^FILE_MISSING/);
  });
});
