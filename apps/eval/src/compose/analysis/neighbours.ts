/** The part `neighbours`: which images lie next to each other, and how often they are of one class. */
import { nearestNeighbours, neighbourhoodPurity, type Purity } from "@difftap/metrics";
import type { Neighbourhoods } from "@difftap/run-folder";
import { picturesOf } from "../examples.js";
import { takeRows } from "../hold-out.js";
import type { LabelledFeatures } from "../labelled.js";
import { type Cell, inPercent, measureCells, surfaceOf } from "./cell.js";
import type { AnalysisSession } from "./session.js";
import { labelOf, shownCells, shownPlaces } from "./shown.js";

/** Neighbours that are shown of an image. */
const SHOWN = 5;

type Shown = Neighbourhoods["shown"][number];

export async function neighboursPart(session: AnalysisSession): Promise<Neighbourhoods> {
  const { context, test, settings } = session;
  const shown = await measureCells(shownCells(session), (cell) => shownAt(session, cell), {
    ...context,
    task: "neighbours",
  });
  return {
    ...(test.labelled ? await purityOf(session) : {}),
    shown: [...shown.values()],
    protocol: `cosine similarity among the ${test.count} test images themselves`,
    split: test.about,
    n: test.count,
    seeds: [settings.seed],
  };
}

async function purityOf(session: AnalysisSession): Promise<Pick<Neighbourhoods, "purity" | "chance">> {
  const { settings, context, test, grid } = session;
  const k = Math.min(settings.k, test.count - 1);
  const found = await measureCells(
    grid.cells,
    async (cell): Promise<Purity> => {
      const { features, labels } = await test.features(cell);
      const bootstrap = { seed: settings.seed };
      return neighbourhoodPurity({ features, labels, k, bootstrap, signal: context.signal });
    },
    { ...context, task: "purity" },
  );
  const measures = new Map([...found].map(([name, purity]) => [name, inPercent(purity)]));
  const [first] = found.values();
  return {
    purity: surfaceOf(grid, measures, {
      ...{
        metric: `purity of ${k} neighbours`,
        unit: "%",
        better: "high",
        n: first!.n,
        seeds: [settings.seed],
      },
      protocol: `share of ${k} neighbours with the same label, cosine similarity; maps pooled to ${settings.pool}`,
      split: test.about,
    }),
    chance: 100 * first!.chance,
  };
}

async function shownAt(session: AnalysisSession, cell: Cell): Promise<Shown> {
  const { context, test } = session;
  const all = await test.features(cell);
  const queries = takeRows(all, Uint32Array.from(shownPlaces(session)));
  const k = Math.min(SHOWN + 1, all.labels.length);
  const { signal } = context;
  const found = await nearestNeighbours({ train: all.features, test: queries.features, k, signal });
  const lists = Array.from(queries.rows, (row, place) => {
    const own = Array.from({ length: k }, (_, rank) => place * k + rank);
    const others = own.filter((at) => all.rows[found.indices[at]!] !== row).slice(0, SHOWN);
    return {
      row,
      neighbours: others.map((at) => ({
        row: all.rows[found.indices[at]!]!,
        similarity: Number(found.similarities[at]!.toFixed(4)),
      })),
    };
  });
  const places = lists.flatMap(({ row, neighbours }) => [row, ...neighbours.map((other) => other.row)]);
  const looks = await looksOf(session, all, [...new Set(places)]);
  return {
    ...cell,
    queries: lists.map(({ row, neighbours }) => ({
      ...looks.get(row)!,
      neighbours: neighbours.map(({ row: other, similarity }) => ({ ...looks.get(other)!, similarity })),
    })),
  };
}

type Look = Omit<Shown["queries"][number], "neighbours">;

/** Names, labels and, where they are at hand, pixels of images by their rows in the store. */
async function looksOf(
  { test, size, classNames }: AnalysisSession,
  { labels, rows }: LabelledFeatures,
  wanted: readonly number[],
): Promise<Map<number, Look>> {
  const ids = await (await test.store()).ids();
  const pictures = test.images && (await picturesOf(test.images, wanted, size));
  const labelAt = new Map(Array.from(rows, (row, place) => [row, labels[place]!]));
  return new Map(
    wanted.map((row, place) => {
      const picture = pictures?.[place];
      const look = {
        id: ids[row]!,
        ...labelOf(classNames, labelAt.get(row)!),
        ...(picture && { image: picture.image }),
      };
      return [row, look];
    }),
  );
}
