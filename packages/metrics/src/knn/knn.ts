/**
 * k-NN classification: cosine similarity, votes weighted by exp(similarity / temperature), or plain votes.
 *
 * ```ts
 * import { knn, topK } from "@difftap/metrics";
 *
 * const { votes } = await knn({ train, trainLabels, test, classes: 10, k: 20, temperature: 0.07 });
 * topK(votes, testLabels, 1).accuracy;
 * ```
 *
 * Source: Wu et al., "Unsupervised feature learning via non-parametric instance discrimination", CVPR 2018, §3.4; Caron et
 * al., DINO, ICCV 2021, §4.1.
 */
import { DifftapError, type NdArray, ndarray } from "@difftap/core";
import { predictions } from "../accuracy.js";
import { checkClasses, checkLabelCount, checkLabelRange, matrixSize } from "../inputs.js";
import { type NeighbourOptions, type Neighbours, nearestNeighbours } from "./neighbours.js";

/** DINO's. */
export const DEFAULT_TEMPERATURE = 0.07;
/** DINO's best on ImageNet. */
export const DEFAULT_NEIGHBOURS = 20;

export interface VoteOptions {
  /** Labels of the bank. */
  readonly trainLabels: Int32Array;
  readonly classes: number;
  /** Divides the similarity before exp; "plain" counts each neighbour as one. 0.07 unless given. */
  readonly temperature?: number | "plain";
}

export interface KnnOptions extends Omit<NeighbourOptions, "k">, VoteOptions {
  /** Neighbours that vote; 20 unless given. */
  readonly k?: number;
}

export interface KnnResult {
  /** [m, classes]: use them as logits for top-k. */
  readonly votes: NdArray<"float64">;
  /** The class with most votes; of equal ones the lowest. */
  readonly predictions: Int32Array;
}

/**
 * Classifies every test row.
 * @throws DifftapError as `nearestNeighbours`; LABELS_MISMATCH for labels that do not fit the bank or the classes.
 */
export async function knn(options: KnnOptions): Promise<KnnResult> {
  const { k = DEFAULT_NEIGHBOURS, train } = options;
  checkVotes(options, matrixSize(train, "train").rows);
  return castVotes(await nearestNeighbours({ ...options, k }), k, options);
}

/**
 * Lets the first k of each query's neighbours vote: several k from one search.
 * @throws DifftapError USAGE_INVALID for k above what was searched, LABELS_MISMATCH.
 */
export function castVotes(neighbours: Neighbours, k: number, options: VoteOptions): KnnResult {
  const { trainLabels, classes, temperature = DEFAULT_TEMPERATURE } = options;
  checkVotes(options, trainLabels.length);
  if (!Number.isInteger(k) || k < 1 || k > neighbours.k) {
    throw new DifftapError("USAGE_INVALID", `${k} votes of ${neighbours.k} neighbours`);
  }
  const queries = neighbours.indices.length / neighbours.k;
  const votes = ndarray("float64", [queries, classes]);
  for (let query = 0; query < queries; query++) {
    for (let place = query * neighbours.k; place < query * neighbours.k + k; place++) {
      const label = trainLabels[neighbours.indices[place]!]!;
      votes.data[query * classes + label]! += weight(neighbours.similarities[place]!, temperature);
    }
  }
  return { votes, predictions: predictions(votes) };
}

/** exp((similarity − 1) / temperature): the common factor keeps small temperatures finite and changes no order. */
function weight(similarity: number, temperature: number | "plain"): number {
  return temperature === "plain" ? 1 : Math.exp((similarity - 1) / temperature);
}

function checkVotes({ trainLabels, classes, temperature }: VoteOptions, bank: number): void {
  checkClasses(classes);
  checkLabelCount(trainLabels, bank, "train");
  checkLabelRange(trainLabels, classes, "train labels");
  if (temperature === undefined || temperature === "plain" || temperature > 0) return;
  throw new DifftapError("USAGE_INVALID", `temperature is ${temperature}`, {
    hint: 'a number above 0, or "plain" for unweighted votes',
  });
}
