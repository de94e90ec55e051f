/** Images with the boxes of their objects and the boxes that were found. */
import { z } from "zod";
import { imageAddress } from "./classes-schema.js";
import { closedObject } from "./closed-object.js";
import { count, text } from "./parts.js";

/** Over the edge by less than this many pixels is rounding, as data sets take it. */
const EDGE = 1;

/** Left, top, width, height in pixels of the image, as COCO has them. */
const box = z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]);
export type PictureBox = z.output<typeof box>;

const shape = closedObject({
  id: text,
  image: imageAddress,
  /** Pixels that the boxes are measured in; the picture itself may be smaller. */
  width: count,
  height: count,
  /** Objects that have to be found: crowds and difficult ones are left out. */
  truth: z.array(closedObject({ label: text, box })),
  /** Boxes worth showing, with scores from 0 to 1. */
  found: z.array(closedObject({ label: text, score: z.number().min(0).max(1), box })),
  /** Such as the score from which boxes are shown. */
  note: text.optional(),
});

export type DetectionPicture = z.output<typeof shape>;

/** Boxes measured in another image's pixels lie outside this one. */
export const detectionPictureSchema = shape.superRefine((picture, context) => {
  const complain = (part: "truth" | "found", index: number, what: string) =>
    context.addIssue({
      code: "custom",
      message: `[${picture[part][index]!.box.join(", ")}] ${what} an image of ${picture.width} × ${picture.height}`,
      path: [part, index, "box"],
      input: picture,
    });
  picture.truth.forEach((object, index) => {
    if (!isInside(object.box, picture)) complain("truth", index, "reaches out of");
  });
  picture.found.forEach((object, index) => {
    if (!touches(object.box, picture)) complain("found", index, "lies outside");
  });
});

type Size = Pick<DetectionPicture, "width" | "height">;

const isInside = ([left, top, width, height]: PictureBox, size: Size) =>
  Math.max(-left, -top, left + width - size.width, top + height - size.height) <= EDGE;

const touches = ([left, top, width, height]: PictureBox, size: Size) =>
  left < size.width && top < size.height && left + width > 0 && top + height > 0;
