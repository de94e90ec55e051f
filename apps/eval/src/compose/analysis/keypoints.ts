/** Pairs of test images whose points belong together: from a file, or one pair and a grid of points. */
import { readFile } from "node:fs/promises";
import { DifftapError } from "@difftap/core";
import type { Point } from "@difftap/metrics";
import { closedObject } from "@difftap/run-folder";
import { z } from "zod";
import { isOn } from "./changes.js";
import type { AnalysisSession } from "./session.js";

export interface PointPair {
  /** Places of two test images. */
  readonly from: number;
  readonly to: number;
  readonly points: readonly Point[];
  /** One for each point, where it is known. */
  readonly truth: readonly Point[] | undefined;
}

const place = z.int().nonnegative();
const point = z.tuple([z.number(), z.number()]).transform(([x, y]) => ({ x, y }));
const fileSchema = z
  .array(
    closedObject({
      from: place,
      to: place,
      points: z.array(point).min(1),
      truth: z.array(point).optional(),
    }).refine(({ points, truth }) => truth === undefined || truth.length === points.length, {
      path: ["truth"],
      error: "needs one place for each point",
    }),
  )
  .min(1);

/** n rows of n points, spread evenly over an image of this side. */
export function pointGrid(n: number, size: number): Point[] {
  return Array.from({ length: n * n }, (_, at) => ({
    x: (((at % n) + 0.5) * size) / n,
    y: ((Math.floor(at / n) + 0.5) * size) / n,
  }));
}

/** @throws DifftapError FILE_MISSING, CONFIG_INVALID naming what is wrong in the file, REQUEST_INVALID for images and points that are not there. */
export async function pointPairs({ settings, size, test }: AnalysisSession): Promise<PointPair[]> {
  const { pair, keypoints, points } = settings;
  const named = keypoints === undefined ? [] : await readPairs(keypoints);
  const grid = pair && { from: pair[0], to: pair[1], points: pointGrid(points, size), truth: undefined };
  const pairs = [...(grid ? [grid] : []), ...named];
  for (const each of pairs) checkPair(each, size, test.count);
  return pairs;
}

async function readPairs(file: string): Promise<PointPair[]> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new DifftapError("FILE_MISSING", `cannot read the keypoints of ${file}`, {
      details: { file },
      cause,
    });
  });
  try {
    return fileSchema.parse(JSON.parse(text)).map(({ truth, ...rest }) => ({ ...rest, truth }));
  } catch (cause) {
    const problem =
      cause instanceof z.ZodError
        ? `[${cause.issues[0]!.path.join(".")}] ${cause.issues[0]!.message}`
        : String(cause);
    throw new DifftapError("CONFIG_INVALID", `keypoints of ${file}: ${problem}`, {
      hint: '[{"from": 0, "to": 1, "points": [[4, 8]], "truth": [[6, 8]]}], in pixels of the images as they are cropped',
      cause,
    });
  }
}

function checkPair({ from, to, points, truth = [] }: PointPair, size: number, count: number): void {
  const absent = [from, to].find((each) => each >= count);
  if (absent !== undefined) {
    throw new DifftapError("REQUEST_INVALID", `there is no test image ${absent} to find points in`, {
      hint: `their places are 0 … ${count - 1}`,
    });
  }
  const outside = [...points, ...truth].find((each) => !isOn(each, size));
  if (outside === undefined) return;
  throw new DifftapError(
    "REQUEST_INVALID",
    `point (${outside.x}, ${outside.y}) is not on an image of ${size} × ${size}`,
    {
      hint: "points are in pixels of the images as they are cropped",
    },
  );
}
