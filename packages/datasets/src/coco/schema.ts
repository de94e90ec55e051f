/** What is read of COCO's images, categories and annotations; all else they hold is passed over. */
import { DifftapError } from "@difftap/core";
import { z } from "zod";

const id = z.number().int();
const side = z.number().int().positive();

export const cocoImage = z.object({ id, file_name: z.string().min(1), height: side, width: side });
export type CocoImage = z.infer<typeof cocoImage>;

export const cocoCategory = z.object({ id, name: z.string().min(1) });

/** As far as the index needs it. */
export const cocoBox = z.object({
  id: id.optional(),
  image_id: id,
  category_id: id,
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
});
export type CocoBox = z.infer<typeof cocoBox>;

const runs = z.object({
  size: z.tuple([side, side]),
  counts: z.union([z.string(), z.array(z.number())]),
});

export const cocoAnnotation = cocoBox.extend({
  area: z.number().nonnegative().optional(),
  iscrowd: z.union([z.literal([0, 1]), z.boolean()]).optional(),
  segmentation: z.union([z.array(z.array(z.number())), runs]).nullish(),
});
export type CocoAnnotation = z.infer<typeof cocoAnnotation>;

/** @throws DifftapError DATA_REFUSED naming the field */
export function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") ?? "";
  throw new DifftapError("DATA_REFUSED", `${where}${field === "" ? "" : `, ${field}`}: ${issue?.message}`, {
    hint: "images have id, file_name, height and width; categories id and name; annotations image_id, category_id and bbox",
    details: { where, field },
  });
}
