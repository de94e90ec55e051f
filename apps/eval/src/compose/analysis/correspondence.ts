/** The part `correspondence`: points of one image found in another, at every tap. */
import { elementCount, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import { correctKeypoints, type MatchedPair, type Point } from "@difftap/metrics";
import type { Correspondence } from "@difftap/run-folder";
import type { Selection } from "../images.js";
import { cellName, inPercent, surfaceOf } from "./cell.js";
import { changeImage, changeOf, isOn } from "./changes.js";
import { type FoundPoints, findPoints, type Side } from "./found-points.js";
import { pointGrid, pointPairs } from "./keypoints.js";
import { type ReadMaps, withMaps } from "./maps.js";
import { exampleOf } from "./point-examples.js";
import type { AnalysisSession } from "./session.js";
import type { ChangeName } from "./settings.js";
import { imagesAt } from "./shown.js";

type Example = Correspondence["examples"][number];
type Found = Correspondence["found"][number];

/** Needs images. Of each change the first image is shown, and every pair that was named. */
export function correspondencePart(session: AnalysisSession): Promise<Correspondence> {
  return withMaps(session, session.grid.cells, async (read) => {
    const looking = { ...session, find: finder(session, read) };
    const { settings } = session;
    const found: Found[] = [];
    const examples: Example[] = [];
    for (const change of settings.changes) {
      const pairs = (await changedPairs(looking, change)).filter(({ points }) => points.length > 0);
      if (pairs.length === 0) continue;
      found.push({ change, points: shareFound(session, pairs, changeProtocol(session, change)) });
      examples.push(exampleOf(session, change, pairs[0]!));
    }
    const named = await namedPairs(looking);
    const judged = named.filter(({ truth }) => truth !== undefined);
    if (judged.length > 0) {
      const protocol = `points of ${settings.keypoints}, found within ${settings.alpha} of the image's side`;
      found.push({ change: "keypoints", points: shareFound(session, judged, protocol) });
    }
    examples.push(
      ...named.map((pair) => exampleOf(session, `image ${pair.from.id} in image ${pair.to.id}`, pair)),
    );
    return { alpha: settings.alpha, found, examples };
  });
}

interface Looking extends AnalysisSession {
  find(
    from: Side,
    to: Side,
    points: readonly Point[],
    truth: readonly Point[] | undefined,
  ): Promise<FoundPoints>;
}

function finder({ grid, size }: AnalysisSession, read: ReadMaps): Looking["find"] {
  const square = { height: size, width: size };
  return async (from, to, points, truth) => {
    const maps = await read({ images: stacked(from.image, to.image), ids: [from.id, to.id] });
    return { from, to, points, truth, byCell: findPoints(grid.cells, maps, square, { points, truth }) };
  };
}

function changeProtocol({ settings }: AnalysisSession, change: ChangeName): string {
  const noise = change === "identity" ? "the same noise" : "noise of its own";
  return `${settings.points} × ${settings.points} points of an image looked for in the same image after "${change}", which has ${noise}; best cell by cosine similarity, found within ${settings.alpha} of the image's side`;
}

/** Image by image: both versions through the network at once, then nothing is kept but the points. */
async function changedPairs(looking: Looking, change: ChangeName): Promise<FoundPoints[]> {
  const { settings, context, test, size } = looking;
  const count = Math.min(settings.changed, test.count);
  const grid = pointGrid(settings.points, size);
  const pairs: FoundPoints[] = [];
  for (let place = 0; place < count; place++) {
    throwIfAborted(context.signal);
    const from = await sideAt(test.images!, place, size);
    const how = changeOf(change, { size, seed: settings.seed, id: from.id });
    const image = ndarray("uint8", from.image.shape, changeImage(from.image.data, size, how));
    const to = { ...from, image, id: change === "identity" ? from.id : `${from.id} ${change}` };
    const points = grid.filter((point) => isOn(how.target(point), size));
    pairs.push(await looking.find(from, to, points, points.map(how.target)));
    context.onProgress({ task: `points, ${change}`, done: place + 1, total: count, unit: "images" });
  }
  return pairs;
}

async function namedPairs(looking: Looking): Promise<FoundPoints[]> {
  const { test, size } = looking;
  const pairs: FoundPoints[] = [];
  for (const { from, to, points, truth } of await pointPairs(looking)) {
    const [first, second] = [await sideAt(test.images!, from, size), await sideAt(test.images!, to, size)];
    pairs.push(await looking.find(first, second, points, truth));
  }
  return pairs;
}

async function sideAt(images: Selection, place: number, size: number): Promise<Side> {
  const { images: image, ids, labels } = await imagesAt(images, [place], size);
  return { id: ids[0]!, label: labels[0]!, image };
}

/** Two batches of one image as one of two. */
function stacked(first: NdArray<"uint8">, second: NdArray<"uint8">): NdArray<"uint8"> {
  const both = ndarray("uint8", [2, ...first.shape.slice(1)]);
  both.data.set(first.data);
  both.data.set(second.data, elementCount(first.shape));
  return both;
}

/** Share of the points that are found, by tap, with an interval over the pairs. */
function shareFound(
  { grid, settings, size, test }: AnalysisSession,
  pairs: readonly FoundPoints[],
  protocol: string,
): Found["points"] {
  const square = { height: size, width: size };
  const measured = grid.cells.map((cell) => {
    const matched = pairs.map(
      ({ byCell, truth }): MatchedPair => ({
        predicted: byCell.get(cellName(cell))!,
        truth: truth!,
        size: square,
      }),
    );
    return [
      cellName(cell),
      correctKeypoints(matched, { alpha: settings.alpha, seed: settings.seed }),
    ] as const;
  });
  return surfaceOf(grid, new Map(measured.map(([name, share]) => [name, inPercent(share)])), {
    ...{ metric: `PCK at ${settings.alpha}`, unit: "%", better: "high", seeds: [settings.seed] },
    protocol: `${protocol}; interval over ${pairs.length} pairs of images`,
    split: test.about,
    n: measured[0]![1].n,
  });
}
