/** The images a probe is surest about: rightly and wrongly. */

import type { NdArray } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import type { Example } from "@difftap/run-folder";
import { encode } from "fast-png";
import type { Selection } from "./images.js";
import type { LabelledFeatures } from "./labelled.js";

const SHOWN = 8;

export interface ExampleInputs {
  readonly images: Selection;
  readonly size: number;
  readonly test: LabelledFeatures;
  readonly logits: NdArray<"float64">;
  readonly predicted: Int32Array;
  readonly classNames: readonly string[];
}

/** Eight right and eight wrong ones, surest first, as PNG addresses. */
export async function examplesOf(inputs: ExampleInputs): Promise<{ best: Example[]; worst: Example[] }> {
  const { test, predicted } = inputs;
  const order = [...predicted.keys()].sort((a, b) => probabilityOf(inputs, b) - probabilityOf(inputs, a));
  const best = order.filter((row) => predicted[row] === test.labels[row]).slice(0, SHOWN);
  const worst = order.filter((row) => predicted[row] !== test.labels[row]).slice(0, SHOWN);
  return { best: await pictures(best, inputs), worst: await pictures(worst, inputs) };
}

/** Softmax probability of the predicted class. */
function probabilityOf({ logits, predicted }: ExampleInputs, row: number): number {
  const classes = logits.shape[1]!;
  const values = logits.data.subarray(row * classes, (row + 1) * classes);
  const top = values[predicted[row]!]!;
  return 1 / values.reduce((sum, value) => sum + Math.exp(value - top), 0);
}

async function pictures(rows: readonly number[], inputs: ExampleInputs): Promise<Example[]> {
  const { images, size, test, predicted, classNames } = inputs;
  if (rows.length === 0) return [];
  const indices = rows.map((row) => images.indices[test.rows[row]!]!);
  const examples: Example[] = [];
  for await (const batch of loadImages(images.dataset, {
    indices,
    size,
    batch: rows.length,
    onCorrupt: "fail",
  })) {
    rows.forEach((row, place) => {
      examples.push({
        id: batch.ids[place]!,
        image: pngAddress(batch.images, place, size),
        label: classNames[test.labels[row]!]!,
        predicted: classNames[predicted[row]!]!,
        probability: probabilityOf(inputs, row),
      });
    });
  }
  return examples;
}

function pngAddress(images: NdArray<"uint8">, place: number, size: number): string {
  const pixels = size * size;
  const planes = images.data.subarray(place * 3 * pixels, (place + 1) * 3 * pixels);
  const data = Uint8Array.from(
    { length: 3 * pixels },
    (_, at) => planes[(at % 3) * pixels + Math.floor(at / 3)]!,
  );
  const png = encode({ width: size, height: size, channels: 3, depth: 8, data });
  return `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
}
