/** What is asked of a network, as plain data: hashed, it names the store that answers it. */
import { type Architecture, type ImageSize, parseArchitecture } from "@difftap/backbone";
import { DifftapError, nearest, sha256Hex, stableStringify } from "@difftap/core";
import { z } from "zod";

/** Timesteps and draws that a noise address has room for (16 and 8 bits). */
export const addressLimits = { timesteps: 2 ** 16, draws: 2 ** 8 } as const;

const side = z.int().min(1);

const sides = z.union([side, z.strictObject({ height: side, width: side })]);

const tap = z.strictObject({
  block: z.int(),
  pool: z.union([z.int(), z.literal("map")]),
  size: sides.optional(),
});

const requestSchema = z.strictObject({
  taps: z.array(tap).min(1),
  timesteps: z.array(z.union([z.number(), z.literal("clean")])).min(1),
  draws: z.int().min(1).max(addressLimits.draws).default(1),
  seed: z.int().min(0),
  size: sides,
  condition: z.int().min(0).optional(),
  weights: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in lower-case hexadecimal"),
  architecture: z.unknown(),
  dataset: z.strictObject({
    name: z.string().min(1),
    split: z.string().optional(),
    digest: z.string().optional(),
    count: z.int().min(1),
  }),
});

/** The index t of the diffusion process, or "clean": no noise, t = 0 fed. */
export type Timestep = number | "clean";

/** One place where a network is read. */
export interface Tap {
  /** 1-based number of the block whose whole output is read. */
  readonly block: number;
  /** p: pooled to p×p and flattened [C·p·p]; "map": kept as [C, h, w]. */
  readonly pool: number | "map";
  /** Of the images it is read from, where that is not the request's own size. */
  readonly size?: ImageSides | undefined;
}

/** In pixels: the side of squares, or height and width. */
export type ImageSides = number | ImageSize;

export interface FeatureRequest {
  readonly taps: readonly Tap[];
  readonly timesteps: readonly Timestep[];
  /** Draws of noise whose features are averaged at each timestep; "clean" has none. */
  readonly draws: number;
  readonly seed: number;
  /** Of the images, but for taps that name another. */
  readonly size: ImageSides;
  /** The class fed for every image; for class-conditional networks only, which need one. Never the image's own. */
  readonly condition?: number | undefined;
  /** sha256 of the weights. */
  readonly weights: string;
  readonly architecture: Architecture;
  readonly dataset: {
    readonly name: string;
    readonly split?: string | undefined;
    readonly digest?: string | undefined;
    /** Images, which are the rows of the answer. */
    readonly count: number;
  };
}

/**
 * Reads a request from JSON or YAML data. `draws` is 1 when absent. Whether the network can answer is for `checkRequest`.
 * @throws DifftapError REQUEST_INVALID naming every unknown key and wrong value; CONFIG_INVALID for the architecture in it.
 */
export function parseRequest(value: unknown): FeatureRequest {
  const parsed = requestSchema.safeParse(value);
  if (parsed.success) {
    const { architecture, ...rest } = parsed.data;
    return { ...rest, architecture: parseArchitecture(architecture) };
  }
  const problems = parsed.error.issues.flatMap(inWords);
  throw new DifftapError("REQUEST_INVALID", `the feature request is not valid: ${problems.join("; ")}`, {
    hint: `a request has ${Object.keys(requestSchema.shape).join(", ")}`,
    details: { problems },
  });
}

function inWords(issue: z.core.$ZodIssue): string[] {
  const place = issue.path.join(".");
  if (issue.code !== "unrecognized_keys") return [`${place || "it"}: ${issue.message}`];
  const known = keysAt(issue.path);
  return issue.keys.map(
    (key) => `unknown key ${[...issue.path, key].join(".")}, did you mean ${nearest(key, known)}?`,
  );
}

function keysAt(path: readonly PropertyKey[]): string[] {
  const [first] = path;
  if (path.at(-1) === "size") return ["height", "width"];
  if (first === "taps") return Object.keys(tap.shape);
  if (first === "dataset") return Object.keys(requestSchema.shape.dataset.shape);
  return Object.keys(requestSchema.shape);
}

/** Height and width of the images of a request. */
export function imageSizeOf({ size }: Pick<FeatureRequest, "size">): ImageSize {
  return typeof size === "number" ? { height: size, width: size } : size;
}

/**
 * sha256 over the request as canonical JSON: the order of keys does not matter, every value does.
 */
export function requestHash(request: FeatureRequest): string {
  return sha256Hex(stableStringify(request));
}
