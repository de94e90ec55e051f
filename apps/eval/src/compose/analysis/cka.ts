/** The part `cka`: how alike taps, heads and models are. */
import { join } from "node:path";
import { type LongWork, permutation, streams, throwIfAborted } from "@difftap/core";
import { ckaMatrix, minibatchCka, type Similarity } from "@difftap/metrics";
import type { Analysis } from "@difftap/run-folder";
import { extractToStore } from "../features.js";
import { chosenBlocks } from "../grid.js";
import { withRuntime } from "../runtime.js";
import { wholeGrid } from "./cell.js";
import {
  commonRows,
  heldRepresentation,
  type Representations,
  storedRepresentations,
  together,
} from "./representations.js";
import type { AnalysisSession } from "./session.js";
import type { AnalyzeSettings } from "./settings.js";
import { eachHead } from "./trained-heads.js";

type Matrices = NonNullable<Analysis["cka"]>;
type Estimator = NonNullable<AnalyzeSettings["estimator"]>;

/** Above this many images the pairs are too many. */
const MOST_AT_ONCE = 512;

/** Matrices of the session's taps among themselves, with another model's, and of heads with all of them. */
export async function ckaPart(session: AnalysisSession): Promise<Matrices> {
  const { settings, test, grid } = session;
  const store = await test.store();
  const taps = await storedRepresentations(store, grid.cells, settings.pool);
  const other = await otherModel(session);
  const heads = await headsOf(session);
  const rows = await commonRows(other ? [store, other.store] : [store]);
  const all = together([taps, ...(other ? [other.taps] : []), ...heads]);
  const { similarities, said } = await similaritiesOf(all, rows, session);
  const cut = cutter(similarities, said);
  const own = { names: taps.names, start: 0 };
  const theirs = { names: other?.taps.names ?? [], start: own.names.length };
  const trained = { names: heads.flatMap(({ names }) => names), start: theirs.start + theirs.names.length };
  const beside = {
    names: [...trained.names, ...own.names],
    places: [...placesOf(trained), ...placesOf(own)],
  };
  return [
    ...(own.names.length > 1 ? [cut(`Taps of ${session.network.name}`, own, own)] : []),
    ...(other
      ? [cut(`Taps of ${session.network.name} (rows) and of ${other.name} (columns)`, own, theirs)]
      : []),
    ...(heads.length > 0 ? [cut(`Heads (${settings.layer}), and taps`, trained, beside)] : []),
  ];
}

interface Stretch {
  readonly names: readonly string[];
  readonly start?: number;
  readonly places?: readonly number[];
}

const placesOf = ({ names, start = 0, places }: Stretch): readonly number[] =>
  places ?? names.map((_, place) => start + place);

type Said = Pick<Matrices[number], "metric" | "protocol" | "split" | "n" | "seeds">;

/** Cuts blocks out of the matrix of everything. */
function cutter(similarities: readonly Similarity[][], said: Said) {
  return (title: string, down: Stretch, across: Stretch): Matrices[number] => {
    const table = <T>(of: (similarity: Similarity) => T) =>
      placesOf(down).map((a) => placesOf(across).map((b) => of(similarities[a]![b]!)));
    return {
      ...{ title, ...said, rows: [...down.names], columns: [...across.names] },
      values: table(({ value }) => value),
      intervals: table(({ interval: [low, high] }): [number, number] => [low, high]),
    };
  };
}

/** The same blocks, timesteps and images of a second model. */
async function otherModel({ settings, context, size, grid, test }: AnalysisSession) {
  const { otherWeights, otherArchitecture, out } = settings;
  if (otherWeights === undefined || !test.images) return undefined;
  const images = test.images;
  const chosen = { ...settings, weights: otherWeights, architecture: otherArchitecture };
  return withRuntime(chosen, async (runtime, { name }) => {
    const { timesteps } = grid;
    const taps = { ...settings, timesteps, draws: 1 };
    const job = { ...settings, runtime, images, taps, size, store: join(out, "features", "test-other") };
    const { store } = await extractToStore(job, context);
    const { cells } = wholeGrid(chosenBlocks(runtime, settings.blocks), timesteps);
    return { name, store, taps: await storedRepresentations(store, cells, settings.pool) };
  });
}

async function headsOf(session: AnalysisSession): Promise<Representations[]> {
  const found: Representations[] = [];
  await eachHead(session, async ({ title, outputs }) => {
    found.push(heldRepresentation(title, await outputs(session.test, session.settings.layer)));
  });
  return found;
}

async function similaritiesOf(
  all: Representations,
  rows: Uint32Array,
  { settings, context, test }: AnalysisSession,
): Promise<{ similarities: readonly Similarity[][]; said: Said }> {
  const estimator = settings.estimator ?? (rows.length <= MOST_AT_ONCE ? "unbiased" : "minibatch");
  const similarities = await estimate(all, rows, { ...settings, estimator }, context);
  const { pool, minibatch, seed } = settings;
  const how: Readonly<Record<Estimator, string>> = {
    linear: "linear kernels, biased HSIC",
    unbiased: "linear kernels, unbiased HSIC",
    minibatch: `linear kernels, unbiased HSIC of ${minibatch} images averaged`,
  };
  const protocol = `CKA, ${how[estimator]}; maps pooled to ${pool}`;
  const n = similarities[0]![0]!.n;
  return { similarities, said: { metric: "CKA", protocol, split: test.about, n, seeds: [seed] } };
}

async function estimate(
  all: Representations,
  rows: Uint32Array,
  { estimator, minibatch, seed }: Pick<AnalyzeSettings, "minibatch" | "seed"> & { estimator: Estimator },
  { signal, onProgress }: LongWork,
): Promise<readonly Similarity[][]> {
  if (estimator !== "minibatch") return ckaMatrix(await all.read(rows, signal), estimator);
  const cka = minibatchCka();
  // Images often lie class by class: a batch of neighbours would be of one class.
  const order = permutation({ seed, stream: streams.subset }, rows.length);
  const batches = Math.floor(rows.length / minibatch);
  for (let batch = 0; batch < batches; batch++) {
    throwIfAborted(signal);
    const places = order.subarray(batch * minibatch, (batch + 1) * minibatch);
    const chosen = Uint32Array.from(places, (place) => rows[place]!).sort();
    cka.add(await all.read(chosen, signal));
    onProgress?.({ task: "CKA", done: batch + 1, total: batches, unit: "batches" });
  }
  return cka.similarities();
}
