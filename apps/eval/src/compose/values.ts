/** The settings that have a word beside numbers: blocks ("all"), timesteps ("clean"), pool ("map"), shard ("i/n"). */
import { wholeNumber, wholeNumbers } from "@difftap/command-line";
import { z } from "zod";

/** A list of block numbers, or every block. */
export const blockList = () => z.union([z.literal("all"), wholeNumbers()]);

/** Timestep indices and "clean", in the order given. */
export const timestepList = () =>
  z.preprocess(
    (value) =>
      (Array.isArray(value) ? value : String(value).split(",")).map((part: unknown) =>
        part === "clean" ? part : String(part).trim(),
      ),
    z
      .array(
        z.union([
          z.literal("clean"),
          z.string().regex(/^\d+$/, 'takes timestep indices or "clean"').transform(Number),
        ]),
      )
      .min(1),
  );

/** Cells along one side of a pooled map, or the whole map. */
export const poolSize = () => z.union([z.literal("map"), wholeNumber(1)]);

/** "0/4": the first of four shards. */
export const shardAddress = () =>
  z
    .string()
    .regex(/^\d+\/\d+$/, 'takes "index/count", such as 0/4')
    .transform((text) => {
      const [index, count] = text.split("/").map(Number) as [number, number];
      return { index, count };
    })
    .refine(({ index, count }) => index < count, "the index is below the count: 0/4 to 3/4");

/** Kubernetes' Indexed Jobs and Slurm's arrays say which shard a process is. */
export function shardFromEnvironment(environment: Readonly<Record<string, string | undefined>>) {
  const index = environment.JOB_COMPLETION_INDEX ?? environment.SLURM_ARRAY_TASK_ID;
  const count = environment.SHARD_COUNT ?? environment.SLURM_ARRAY_TASK_COUNT;
  return index === undefined || count === undefined ? undefined : shardAddress().parse(`${index}/${count}`);
}

/** "240x320": rows, then columns. */
export const imageSides = () =>
  z
    .string()
    .regex(/^\d+x\d+$/, 'takes "HEIGHTxWIDTH", such as 240x320')
    .transform((text) => {
      const [height, width] = text.split("x").map(Number) as [number, number];
      return { height, width };
    });

/** "32,48x64" or a YAML list: sides of squares, or rows and columns; each size once. */
export const sizeList = () =>
  z.preprocess(
    (value) => (typeof value === "string" ? value.split(",") : [value].flat()).map(asText),
    z
      .array(
        z
          .string()
          .regex(/^[1-9]\d*(x[1-9]\d*)?$/, 'takes sides or "HEIGHTxWIDTH", such as 32,48 or 96x128')
          .transform((text) => {
            const [height, width = height] = text.split("x").map(Number) as [number, number?];
            return height === width ? height : { height, width };
          }),
      )
      .min(1)
      .refine((sizes) => new Set(sizes.map(asText)).size === sizes.length, "a size is there twice"),
  );

/** A size as it is typed. */
function asText(size: unknown): string {
  if (typeof size !== "object" || size === null) return String(size).trim();
  const { height, width } = size as { readonly height?: unknown; readonly width?: unknown };
  return `${height}x${width}`;
}
