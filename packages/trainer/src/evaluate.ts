/** Evaluation: every sample once, in order, in evaluation mode. */
import { type LongWork, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import { tf } from "@difftap/engine";
import { checkLabels, crossEntropy, toTensors } from "./batch.js";
import type { FeatureSource, LabelledBatch } from "./source.js";
import type { Trainable } from "./trainable.js";

export interface Evaluation {
  /** Mean cross-entropy over all samples. */
  readonly loss: number;
  readonly correct: number;
  readonly n: number;
  /** correct / n, 0 to 1. */
  readonly top1: number;
  /** [n, classes], in the source's order. */
  readonly logits: NdArray<"float32">;
  readonly labels: Int32Array;
}

/** @throws DifftapError LABELS_MISMATCH for a label the model has no logit for, INTERRUPTED. */
export async function evaluate(
  model: Trainable,
  source: FeatureSource,
  options: LongWork & { readonly batch: number },
): Promise<Evaluation> {
  const { batch, signal, onProgress } = options;
  const parts: Part[] = [];
  let done = 0;
  const all = Uint32Array.from({ length: source.length }, (_, index) => index);
  for await (const read of source.batches(all, { batch, epoch: 0, signal })) {
    throwIfAborted(signal);
    parts.push(await evaluateBatch(model, read));
    done += read.labels.length;
    onProgress?.({ task: "evaluation", done, total: source.length, unit: "samples" });
  }
  return joined(parts);
}

interface Part {
  readonly loss: number;
  readonly logits: Float32Array;
  readonly labels: Int32Array;
}

async function evaluateBatch(model: Trainable, batch: LabelledBatch): Promise<Part> {
  const tensors = toTensors(batch);
  const [logits, loss] = tf.tidy(() => {
    const found = model.forward(tensors, { training: false });
    checkLabels(batch.labels, found.shape[1]);
    return [found, crossEntropy(found, batch.labels)] as const;
  });
  const [mean] = await loss.data();
  const values = Float32Array.from(await logits.data());
  tf.dispose([tensors, logits, loss]);
  return { loss: mean! * batch.labels.length, logits: values, labels: batch.labels };
}

function joined(parts: readonly Part[]): Evaluation {
  const n = parts.reduce((sum, { labels }) => sum + labels.length, 0);
  const classes = parts[0]!.logits.length / parts[0]!.labels.length;
  const logits = ndarray("float32", [n, classes]);
  const labels = new Int32Array(n);
  let row = 0;
  for (const part of parts) {
    logits.data.set(part.logits, row * classes);
    labels.set(part.labels, row);
    row += part.labels.length;
  }
  const correct = labels.reduce(
    (sum, label, i) => sum + (largest(logits.data, i * classes, classes) === label ? 1 : 0),
    0,
  );
  const loss = parts.reduce((sum, part) => sum + part.loss, 0) / n;
  return { loss, correct, n, top1: correct / n, logits, labels };
}

/** Of equal logits the lower class. */
function largest(values: Float32Array, start: number, classes: number): number {
  let best = 0;
  for (let k = 1; k < classes; k++) if (values[start + k]! > values[start + best]!) best = k;
  return best;
}
