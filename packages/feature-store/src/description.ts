/** What a store holds, as plain data, and the rules it must keep to before a byte is written. */
import { DifftapError } from "@difftap/core";
import { z } from "zod";

/** Bytes of one chunk of one array above which a store is refused: two of them are in memory while reading. */
const largestChunkBytes = 2 ** 30;

/** Samples above which a store is refused: rows are addressed by int32 everywhere else. */
const largestSampleCount = 2 ** 31 - 1;

/** Names that the store itself uses at its root. */
const reservedNames = ["labels", "ids", "valid", "times"] as const;

export type StoredDtype = "float16" | "float32";

/** One array of features: its name (`t50/b09`) and the shape of one sample's row ([C·p·p], or [C, h, w]). */
export interface FeatureArray {
  readonly name: string;
  readonly sampleShape: readonly number[];
}

/** A store before any feature is in it. */
export interface StoreDescription {
  /** What was asked for; plain JSON data. A store never accepts another request. */
  readonly request: object;
  readonly requestHash: string;
  /** Rows of every array. */
  readonly samples: number;
  readonly arrays: readonly FeatureArray[];
  /** How features are kept on disk; they are handed in and out as float32. */
  readonly dtype: StoredDtype;
  /** Rows of one chunk, for every array alike. */
  readonly chunkSamples: number;
  /** Whatever else should be kept beside the request (versions, host); never compared. */
  readonly attributes?: Readonly<Record<string, unknown>> | undefined;
}

const arrayName = z
  .string()
  .max(200)
  .regex(
    /^[A-Za-z0-9_@-]+(\/[A-Za-z0-9_@-]+)*$/,
    "names are words of letters, digits, -, _ and @, joined by /",
  );

export const descriptionSchema = z.strictObject({
  request: z.record(z.string(), z.json()),
  requestHash: z.string().min(1).max(200),
  samples: z.int().min(1).max(largestSampleCount),
  arrays: z
    .array(z.strictObject({ name: arrayName, sampleShape: z.array(z.int().min(1)).min(1).max(4) }))
    .min(1)
    .max(100_000),
  dtype: z.enum(["float16", "float32"]),
  chunkSamples: z.int().min(1).max(largestSampleCount),
  attributes: z.record(z.string(), z.json()).optional(),
});

/** The first thing wrong with a description, in words; undefined when it is sound. */
export function faultOf(description: unknown): string | undefined {
  const parsed = descriptionSchema.safeParse(description);
  if (!parsed.success) {
    return parsed.error.issues.map((issue) => `${issue.path.join(".") || "it"}: ${issue.message}`).join("; ");
  }
  return nameFault(parsed.data.arrays) ?? sizeFault(parsed.data);
}

/**
 * The description as it is stored: members that are undefined are absent, as in JSON.
 * @throws DifftapError USAGE_INVALID when it breaks a rule.
 */
export function checkedDescription(given: StoreDescription): StoreDescription {
  const description = withoutUndefined({ ...given }) as StoreDescription;
  const fault = faultOf(description);
  if (fault === undefined) return description;
  throw new DifftapError("USAGE_INVALID", `no store can be made from this: ${fault}`);
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  const defined = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(defined.map(([key, member]) => [key, withoutUndefined(member)]));
}

function nameFault(arrays: readonly FeatureArray[]): string | undefined {
  const names = new Set<string>();
  for (const { name } of arrays) {
    const first = name.split("/")[0]!;
    if ((reservedNames as readonly string[]).includes(first))
      return `"${name}" uses the store's own name "${first}"`;
    if (names.has(name)) return `array "${name}" is named twice`;
    names.add(name);
  }
  for (const name of names) {
    const above = groupsAbove(name).find((group) => names.has(group));
    if (above !== undefined) return `"${above}" cannot be both an array and the group of "${name}"`;
  }
  return undefined;
}

function sizeFault({
  arrays,
  chunkSamples,
  dtype,
}: Pick<StoreDescription, "arrays" | "chunkSamples" | "dtype">) {
  for (const { name, sampleShape } of arrays) {
    const bytes =
      chunkSamples * sampleShape.reduce((product, side) => product * side, dtype === "float16" ? 2 : 4);
    if (bytes > largestChunkBytes)
      return `a chunk of "${name}" would have ${bytes} bytes, the limit is ${largestChunkBytes}`;
  }
  return undefined;
}

/** The groups that hold an array: `a/b/c` lies in `a` and `a/b`. */
export function groupsAbove(name: string): string[] {
  const parts = name.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}
