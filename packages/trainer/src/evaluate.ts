/** Evaluation: every sample once, in order, in evaluation mode. */
import { DifftapError, type LongWork, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import { tf } from "@difftap/engine";
import { checkLabels, toTensors } from "./batch.js";
import type { FeatureSource, LabelledBatch } from "./source.js";
import type { Trainable } from "./trainable.js";

/** What an evaluation comes to. */
export interface Score {
  /** Mean cross-entropy over all samples. */
  readonly loss: number;
  readonly correct: number;
  readonly n: number;
  /** correct / n, 0 to 1. */
  readonly top1: number;
}

export interface Evaluation extends Score {
  /** [n, classes], in the source's order. */
  readonly logits: NdArray<"float32">;
  readonly labels: Int32Array;
}

export interface EvaluateOptions extends LongWork {
  readonly batch: number;
}

/**
 * One model, its logits kept.
 * @throws DifftapError LABELS_MISMATCH for a label the model has no logit for, USAGE_INVALID for a source without samples, INTERRUPTED.
 */
export async function evaluate(
  model: Trainable,
  source: FeatureSource,
  options: EvaluateOptions,
): Promise<Evaluation> {
  const parts: BatchLogits[] = [];
  for await (const [part] of evaluationPass([model], source, options)) parts.push(part!);
  return { ...scoreOf(parts.map(scoreBatch)), ...joined(parts) };
}

/** Several models in one read of the source; only their scores are kept. @throws as `evaluate` */
export async function evaluateMany(
  models: readonly Trainable[],
  source: FeatureSource,
  options: EvaluateOptions,
): Promise<Score[]> {
  const scores: BatchScore[][] = models.map(() => []);
  for await (const parts of evaluationPass(models, source, options)) {
    for (const [index, part] of parts.entries()) scores[index]!.push(scoreBatch(part));
  }
  return scores.map(scoreOf);
}

interface BatchLogits {
  readonly logits: Float32Array;
  readonly classes: number;
  readonly labels: Int32Array;
}

/** For each batch in turn, the logits of each model. */
async function* evaluationPass(
  models: readonly Trainable[],
  source: FeatureSource,
  { batch, signal, onProgress }: EvaluateOptions,
): AsyncGenerator<BatchLogits[]> {
  if (source.length === 0) throw new DifftapError("USAGE_INVALID", "an evaluation over no samples");
  let done = 0;
  const all = Uint32Array.from({ length: source.length }, (_, index) => index);
  for await (const read of source.batches(all, { batch, epoch: 0, signal })) {
    throwIfAborted(signal);
    yield await batchLogits(models, read);
    done += read.labels.length;
    onProgress?.({ task: "evaluation", done, total: source.length, unit: "samples" });
  }
}

async function batchLogits(models: readonly Trainable[], batch: LabelledBatch): Promise<BatchLogits[]> {
  const { labels } = batch;
  const found = tf.tidy(() => {
    const features = toTensors(batch);
    return models.map((model) => model.forward(features, { training: false }));
  });
  try {
    for (const { shape } of found) checkLabels(labels, shape[1]);
    const read = found.map(async (logits) => Float32Array.from(await logits.data()));
    return (await Promise.all(read)).map((logits, i) => ({ logits, labels, classes: found[i]!.shape[1] }));
  } finally {
    tf.dispose(found);
  }
}

interface BatchScore {
  readonly loss: number;
  readonly correct: number;
  readonly n: number;
}

/** Sums over a batch, in float64. */
function scoreBatch({ logits, classes, labels }: BatchLogits): BatchScore {
  let [loss, correct] = [0, 0];
  labels.forEach((label, row) => {
    const values = logits.subarray(row * classes, (row + 1) * classes);
    const best = largest(values);
    const total = values.reduce((sum, value) => sum + Math.exp(value - values[best]!), 0);
    loss += Math.log(total) + values[best]! - values[label]!;
    if (best === label) correct += 1;
  });
  return { loss, correct, n: labels.length };
}

/** Of equal logits the lower class. */
function largest(values: Float32Array): number {
  let best = 0;
  for (let k = 1; k < values.length; k++) if (values[k]! > values[best]!) best = k;
  return best;
}

function scoreOf(parts: readonly BatchScore[]): Score {
  const sum = (key: keyof BatchScore) => parts.reduce((total, part) => total + part[key], 0);
  const [correct, n] = [sum("correct"), sum("n")];
  return { loss: sum("loss") / n, correct, n, top1: correct / n };
}

function joined(parts: readonly BatchLogits[]): Pick<Evaluation, "logits" | "labels"> {
  const n = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const { classes } = parts[0]!;
  const logits = ndarray("float32", [n, classes]);
  const labels = new Int32Array(n);
  let row = 0;
  for (const part of parts) {
    logits.data.set(part.logits, row * classes);
    labels.set(part.labels, row);
    row += part.labels.length;
  }
  return { logits, labels };
}
