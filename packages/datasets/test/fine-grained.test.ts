import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ImageDataset, openDataset, pickImages } from "../src/index.js";
import { matBytes } from "./mat-bytes.js";
import { image, refusal, temporaryFolder, write } from "./temporary.js";

const folder = temporaryFolder();
const jpeg = await image([1, 2, 3], 4, "jpeg");

/** Writes a tree: text and bytes as they are, null for an image. @returns its folder */
function tree(name: string, files: Readonly<Record<string, string | Uint8Array | null>>): string {
  for (const [file, content] of Object.entries(files)) write(folder, `${name}/${file}`, content ?? jpeg);
  return join(folder, name);
}

async function listed(spec: string): Promise<[string, number][]> {
  const dataset = await openDataset(spec);
  const images: [string, number][] = [];
  for (let index = 0; index < dataset.length; index++) {
    expect((await dataset.read(index)).kind).toBe("encoded");
    images.push([dataset.id(index), dataset.label(index)]);
  }
  return images;
}

const classesOf = async (spec: string): Promise<ImageDataset["classes"]> => (await openDataset(spec)).classes;

describe("FGVC-Aircraft", () => {
  const path = tree("aircraft", {
    "data/images/0034309.jpg": null,
    "data/images/1025794.jpg": null,
    "data/variants.txt": "707-320\nF/A-18\n",
    "data/families.txt": "Boeing 707\nF/A-18\n",
    "data/manufacturers.txt": "Boeing\nMcDonnell Douglas\n",
    "data/images_variant_train.txt": "1025794 F/A-18\n0034309 707-320\n",
    "data/images_family_train.txt": "1025794 F/A-18\n0034309 Boeing 707\n",
    "data/images_variant_val.txt": "1025794 Concorde\n",
  });

  it("has variants, or families, in the order of their lists", async () => {
    expect(await listed(`aircraft:${path},split=train`)).toEqual([
      ["1025794", 1],
      ["0034309", 0],
    ]);
    const families = `aircraft:${path},split=train,labels=family`;
    expect([await classesOf(families), (await listed(families))[1]]).toEqual([
      ["Boeing 707", "F/A-18"],
      ["0034309", 0],
    ]);
  });

  it("refuses a class that is not in the list", async () => {
    expect(await refusal(openDataset(`aircraft:${path},split=val`))).toMatch(
      /^LABELS_MISMATCH: .*"Concorde"/,
    );
  });
});

describe("Stanford Cars", () => {
  const annotation = (fname: string, number: number) => ({ bbox_x1: [39], class: [number], fname });
  const path = tree("cars", {
    "cars_train/00001.jpg": null,
    "cars_train/00002.jpg": null,
    "cars_test/00001.jpg": null,
    "devkit/cars_meta.mat": matBytes({ class_names: ["AM General Hummer SUV 2000", "Acura RL Sedan 2012"] }),
    "devkit/cars_train_annos.mat": matBytes({
      annotations: { structs: [annotation("00001.jpg", 2), annotation("00002.jpg", 1)] },
    }),
    "cars_test_annos_withlabels.mat": matBytes(
      { annotations: { structs: [annotation("00001.jpg", 3)] } },
      false,
    ),
  });

  it("reads the devkit", async () => {
    expect(await listed(`cars:${path},split=train`)).toEqual([
      ["cars_train/00001.jpg", 1],
      ["cars_train/00002.jpg", 0],
    ]);
    expect(await classesOf(`cars:${path},split=train`)).toEqual([
      "AM General Hummer SUV 2000",
      "Acura RL Sedan 2012",
    ]);
  });

  it("refuses a class that has no name, and other variables", async () => {
    expect(await refusal(openDataset(`cars:${path},split=test`))).toMatch(
      /^LABELS_MISMATCH: .*00001.jpg is of class 3, there are 1 to 2/,
    );
    write(folder, "cars/cars_test_annos_withlabels.mat", matBytes({ annotations: [1] }));
    expect(await refusal(openDataset(`cars:${path},split=test`))).toMatch(
      /^DATA_REFUSED: .*withlabels.mat: annotations is of kind numbers, expected structs/,
    );
  });
});

describe("CUB-200-2011 and NABirds", () => {
  const cub = tree("cub", {
    "images/001.Black_footed_Albatross/a.jpg": null,
    "images/002.Laysan_Albatross/b.jpg": null,
    "images/002.Laysan_Albatross/c.jpg": null,
    "images.txt":
      "1 001.Black_footed_Albatross/a.jpg\n2 002.Laysan_Albatross/b.jpg\n3 002.Laysan_Albatross/c.jpg\n",
    "image_class_labels.txt": "1 1\n2 2\n3 2\n",
    "train_test_split.txt": "1 0\n2 1\n3 0\n",
    "classes.txt": "1 001.Black_footed_Albatross\n2 002.Laysan_Albatross\n",
  });

  it("have the published split", async () => {
    expect(await listed(`cub:${cub},split=train`)).toEqual([["002.Laysan_Albatross/b.jpg", 1]]);
    expect(await listed(`cub:${cub},split=test`)).toEqual([
      ["001.Black_footed_Albatross/a.jpg", 0],
      ["002.Laysan_Albatross/c.jpg", 1],
    ]);
    expect(await classesOf(`cub:${cub},split=test`)).toEqual(["Black footed Albatross", "Laysan Albatross"]);
  });

  it("number the classes that images have", async () => {
    const path = tree("nabirds", {
      "images/0817/a.jpg": null,
      "images/0295/b.jpg": null,
      "images.txt": "0000-139e 0817/a.jpg\n0000-d9fc 0295/b.jpg\n",
      "image_class_labels.txt": "0000-139e 817\n0000-d9fc 295\n",
      "train_test_split.txt": "0000-139e 1\n0000-d9fc 0\n",
      "classes.txt": "0 Birds\n295 Common Goldeneye\n817 Common Eider (Adult male)\n",
    });
    expect(await listed(`nabirds:${path},split=train`)).toEqual([["0817/a.jpg", 1]]);
    expect(await classesOf(`nabirds:${path},split=train`)).toEqual([
      "Common Goldeneye",
      "Common Eider (Adult male)",
    ]);
  });

  it("refuse tables that do not fit each other", async () => {
    write(folder, "cub/train_test_split.txt", "1 0\n2 1\n");
    expect(await refusal(openDataset(`cub:${cub},split=test`))).toMatch(
      /^DATA_REFUSED: .*split.txt: 3 is not there/,
    );
    write(folder, "cub/train_test_split.txt", "1 0\n1 1\n");
    expect(await refusal(openDataset(`cub:${cub},split=test`))).toContain("1 is there twice");
    write(folder, "cub/train_test_split.txt", "1\n");
    expect(await refusal(openDataset(`cub:${cub},split=test`))).toContain('"1" has one column');
  });
});

describe("Stanford Dogs", () => {
  const files = ["n02085620-Chihuahua/n02085620_7.jpg", "n02086240-Shih-Tzu/n02086240_1.jpg"];
  const list = (labels: number[]) => matBytes({ file_list: files, annotation_list: ["x", "y"], labels });
  const path = tree("dogs", {
    [`Images/${files[0]}`]: null,
    [`Images/${files[1]}`]: null,
    "train_list.mat": list([1, 2]),
    "test_list.mat": list([1, 3]),
  });

  it("reads lists beside the images, or in a folder of theirs", async () => {
    expect(await listed(`dogs:${path},split=train`)).toEqual([
      [files[0], 0],
      [files[1], 1],
    ]);
    expect(await classesOf(`dogs:${path},split=train`)).toEqual(["Chihuahua", "Shih-Tzu"]);
    tree("dogs", { "lists/train_list.mat": list([2, 1]) });
    expect((await listed(`dogs:${path},split=train`))[0]).toEqual([files[0], 1]);
  });

  it("refuses labels that leave classes out, are too few, or contradict the folders", async () => {
    const test = `dogs:${path},split=test`;
    expect(await refusal(openDataset(test))).toMatch(/^LABELS_MISMATCH: .*has no image of class 2/);
    tree("dogs", { "test_list.mat": list([1]) });
    expect(await refusal(openDataset(test))).toContain("has 2 files and 1 labels");
    tree("dogs", { "test_list.mat": list([1, 1]) });
    expect(await refusal(openDataset(test))).toContain("class 1 is Chihuahua and Shih-Tzu");
  });
});

describe("Flowers-102", () => {
  const path = tree("flowers", {
    "jpg/image_00001.jpg": null,
    "jpg/image_00002.jpg": null,
    "jpg/image_00003.jpg": null,
    "imagelabels.mat": matBytes({ labels: [77, 1, 102] }, false),
    "setid.mat": matBytes({ trnid: [3, 1], valid: [2], tstid: [4] }),
  });

  it("numbers its classes from 1, and has no names", async () => {
    expect(await listed(`flowers:${path},split=train`)).toEqual([
      ["image_00003.jpg", 101],
      ["image_00001.jpg", 76],
    ]);
    expect(await listed(`flowers:${path},split=val`)).toEqual([["image_00002.jpg", 0]]);
    expect(await classesOf(`flowers:${path},split=val`)).toBeNull();
  });

  it("refuses an image without label", async () => {
    expect(await refusal(openDataset(`flowers:${path},split=test`))).toMatch(
      /^LABELS_MISMATCH: .*image 4 has no label among the 3/,
    );
    write(folder, "flowers/imagelabels.mat", matBytes({ labels: [77, 2 ** 53, 102] }));
    expect(await refusal(openDataset(`flowers:${path},split=val`))).toMatch(/^LABELS_MISMATCH: .*image 2/);
  });
});

describe("Oxford Pets", () => {
  const path = tree("pets", {
    "images/Abyssinian_100.jpg": null,
    "images/american_bulldog_2.jpg": null,
    "annotations/trainval.txt": "Abyssinian_100 1 1 1\n",
    "annotations/test.txt": "#Image CLASS-ID SPECIES BREED ID\namerican_bulldog_2 2 2 1\n",
  });

  it("has the breeds of both splits as classes", async () => {
    expect(await listed(`pets:${path},split=trainval`)).toEqual([["Abyssinian_100", 0]]);
    expect(await listed(`pets:${path},split=test`)).toEqual([["american_bulldog_2", 1]]);
    expect(await classesOf(`pets:${path},split=test`)).toEqual(["Abyssinian", "american bulldog"]);
  });

  it("refuses a class that is no number", async () => {
    write(folder, "pets/annotations/test.txt", "american_bulldog_2 dog\n");
    expect(await refusal(openDataset(`pets:${path},split=test`))).toMatch(
      /^DATA_REFUSED: .*is of class "dog"/,
    );
  });
});

describe("Food-101", () => {
  const path = tree("food", {
    "images/apple_pie/1005649.jpg": null,
    "images/waffles/99.jpg": null,
    "meta/classes.txt": "apple_pie\nwaffles\n",
    "meta/train.txt": "waffles/99\napple_pie/1005649\n",
    "meta/test.txt": "pizza/1\n",
  });

  it("has the classes of its list", async () => {
    expect(await listed(`food101:${path},split=train`)).toEqual([
      ["waffles/99", 1],
      ["apple_pie/1005649", 0],
    ]);
    expect(await refusal(openDataset(`food101:${path},split=test`))).toMatch(
      /^LABELS_MISMATCH: .*pizza\/1 is of no class/,
    );
  });
});

describe("ImageNet", () => {
  const path = tree("imagenet", {
    "train/n01440764/n01440764_1.JPEG": null,
    "train/n01440764/n01440764_2.JPEG": null,
    "train/n01443537/n01443537_5.JPEG": null,
    "val/ILSVRC2012_val_00000001.JPEG": null,
    "val/ILSVRC2012_val_00000002.JPEG": null,
    "simclr.txt": "n01443537_5.JPEG\nn01440764_2.JPEG\n",
  });
  const val = `imagenet:${path},split=val`;

  it("has a class per WordNet id", async () => {
    expect(await listed(`imagenet:${path},split=train`)).toEqual([
      ["n01440764/n01440764_1.JPEG", 0],
      ["n01440764/n01440764_2.JPEG", 0],
      ["n01443537/n01443537_5.JPEG", 1],
    ]);
  });

  it("takes the images of a list, as SimCLR's", async () => {
    expect(await listed(`imagenet:${path},split=train,list=${path}/simclr.txt`)).toEqual([
      ["n01443537/n01443537_5.JPEG", 1],
      ["n01440764/n01440764_2.JPEG", 0],
    ]);
  });

  it.each([
    ["numbers", "ILSVRC2012_val_00000002.JPEG 0\nILSVRC2012_val_00000001.JPEG 1\n"],
    ["WordNet ids", "ILSVRC2012_val_00000001 n01443537\nILSVRC2012_val_00000002 n01440764\n"],
    [
      "Kaggle's table",
      "ImageId,PredictionString\nILSVRC2012_val_00000001,n01443537 85 1 499 272\nILSVRC2012_val_00000002,n01440764 1 2 3 4 n01440764 1 2 3 4 \n",
    ],
  ])("labels validation images of one folder by %s", async (_, text) => {
    const labels = write(folder, "val-labels.txt", text);
    expect(await listed(`${val},labels=${labels}`)).toEqual([
      ["ILSVRC2012_val_00000001.JPEG", 1],
      ["ILSVRC2012_val_00000002.JPEG", 0],
    ]);
  });

  it("refuses labels that are missing, or no class", async () => {
    expect(await refusal(openDataset(val))).toMatch(
      /^DATA_REFUSED: .*val has no folders, and there is no list of labels \| expected train\/nXXXXXXXX\/NAME.JPEG/,
    );
    const labels = write(folder, "imagenet/val.txt", "ILSVRC2012_val_00000001.JPEG 1\n");
    expect(await refusal(openDataset(val))).toMatch(/^LABELS_MISMATCH: .*1 of 2 images have no label/);
    write(folder, "imagenet/val.txt", "ILSVRC2012_val_00000001.JPEG 1\nILSVRC2012_val_00000002.JPEG 2\n");
    expect(await refusal(openDataset(val))).toMatch(
      /^LABELS_MISMATCH: .*has label 2, the class list has 2 classes/,
    );
    write(folder, "imagenet/val.txt", "another_1.JPEG 1\n");
    expect(await refusal(openDataset(val))).toMatch(/^LABELS_MISMATCH: .*a label for none of the 2 images/);
    write(folder, "imagenet/val.txt", "ILSVRC2012_val_00000001.JPEG\n");
    expect(await refusal(openDataset(`${val},labels=${labels}`))).toContain("is not NAME LABEL");
  });

  it("refuses validation folders that would be numbered otherwise, and folders that are no classes", async () => {
    const other = tree("other", { "train/n01440764/a.JPEG": null, "val/n01443537/b.JPEG": null });
    expect(await refusal(openDataset(`imagenet:${other},split=val`))).toMatch(
      /^LABELS_MISMATCH: .*in one of train and val only/,
    );
    mkdirSync(join(other, "val/n01440764"));
    mkdirSync(join(other, "train/n01443537"));
    expect(await listed(`imagenet:${other},split=val`)).toEqual([["n01443537/b.JPEG", 1]]);
    const named = tree("named", { "train/tench/a.JPEG": null });
    expect(await refusal(openDataset(`imagenet:${named},split=train`))).toMatch(
      /^DATA_REFUSED: .*is not laid out as ImageNet: train holds tench \| expected train\/nXXXXXXXX\/NAME.JPEG/,
    );
  });
});

describe("published layouts", () => {
  write(folder, "wrong/readme.txt", "");

  it.each([
    ["aircraft", "trainval", "data/images"],
    ["cars", "train", "cars_train"],
    ["cub", "train", "images"],
    ["dogs", "train", "Images"],
    ["flowers", "train", "jpg"],
    ["food101", "train", "images"],
    ["imagenet", "train", "train"],
    ["nabirds", "train", "images"],
    ["pets", "test", "images"],
  ])("of %s: a folder that looks different is told what is expected", async (kind, split, missing) => {
    const text = await refusal(openDataset(`${kind}:${folder}/wrong,split=${split}`));
    expect(text).toMatch(
      /^DATA_REFUSED: .*wrong is not laid out as .* is missing \(there is readme.txt\) \| expected .*\.(jpg|JPEG)/,
    );
    expect(text).toContain(`: ${missing} is missing`);
    expect(await refusal(openDataset(`${kind}:${folder}/wrong,split=all`))).toMatch(
      /^CONFIG_INVALID: .*split/,
    );
  });
});

describe("part of a dataset", () => {
  it("keeps ids and labels, in the order given", async () => {
    const scenes = await openDataset("scenes:count=5,size=8");
    const picked = pickImages(scenes, [3, 1]);
    expect([picked.length, picked.id(0), picked.label(1)]).toEqual([2, scenes.id(3), scenes.label(1)]);
    expect(await picked.read(1)).toEqual(await scenes.read(1));
    expect(await refusal(picked.read(2))).toMatch(/^USAGE_INVALID/);
    expect(picked.digest).not.toBe(pickImages(scenes, [1, 3]).digest);
    expect(() => pickImages(scenes, [5])).toThrow(/image 5 does not exist/);
    expect(picked).not.toHaveProperty("objects");
    await picked.close?.();
  });
});
