/** Any folder of images with a folder of masks beside it, as CamVid is published with SegNet: `SPLIT/*.jpg`, `SPLITannot/*.png`. */
import { z } from "zod";
import type { SegmentationDataset } from "../annotations.js";
import { defineDataset } from "../definition.js";
import { type Layout, requireLayout } from "../files/layout.js";
import { openMaskFolders, stemOf } from "../mask-folders.js";

export interface MasksSpec {
  readonly path: string;
  readonly split: string;
  /** Label names, in the order of the numbers in the masks: `sky,building,…`. */
  readonly names: string;
  /** Numbers in the masks that count nowhere: `11`, or `11,255`. 255 when absent. */
  readonly ignore?: string | undefined;
  /** Folder of the images, with `{split}` for the split; `{split}` when absent. */
  readonly images?: string | undefined;
  /** Folder of the masks, which are named as their images with `.png`; `{split}annot` when absent. */
  readonly masks?: string | undefined;
}

/**
 * Opens a split. Labels are the numbers in the masks.
 * @throws DifftapError DATA_REFUSED for another layout; as `openMaskFolders` does
 */
export async function openMasks(spec: MasksSpec): Promise<SegmentationDataset> {
  const { path, split, names, ignore = "255", images = "{split}", masks = "{split}annot" } = spec;
  const labelNames = names.split(",").map((name) => name.trim());
  const ignored = new Set(ignore.split(",").map(Number));
  const folders = { images: images.replaceAll("{split}", split), masks: masks.replaceAll("{split}", split) };
  const layout: Layout = {
    of: "a mask folder",
    expected: [`${images}/NAME.jpg`, `${masks}/NAME.png`, "for another layout: images=… and masks=…"],
  };
  await requireLayout(path, [folders.images, folders.masks], layout);
  return openMaskFolders({
    kind: "masks",
    root: path,
    images: folders.images,
    maskOf: (file) => `${folders.masks}/${stemOf(file)}.png`,
    labelNames,
    labelOf: (value) => (ignored.has(value) ? "ignore" : value < labelNames.length ? value : "unknown"),
    layout,
  });
}

const name = z.string().min(1);

export const masks = defineDataset<MasksSpec>({
  kind: "masks",
  usage: "masks:data/camvid,split=train,names=sky,building,pole,ignore=3",
  takesPath: true,
  options: ["split", "names", "ignore", "images", "masks"],
  schema: z.strictObject({
    path: name,
    split: name,
    names: name.refine(
      (text) => new Set(text.split(",").map((part) => part.trim())).size === text.split(",").length,
      "a name is there twice",
    ),
    ignore: z
      .string()
      .regex(/^\d{1,5}(,\d{1,5})*$/, "write numbers, such as 11 or 11,255")
      .optional(),
    images: name.optional(),
    masks: name.optional(),
  }),
  open: openMasks,
  openSegmentation: openMasks,
});
