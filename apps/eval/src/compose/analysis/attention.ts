/** Where trained heads look, over the images that are shown. */
import { ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { AttentionMap, Head } from "@difftap/heads";
import { confidences, predictions } from "@difftap/metrics";
import type { Attention, AttentionExample } from "@difftap/run-folder";
import { type LabelledBatch, toTensors } from "@difftap/trainer";
import { picturesOf } from "../examples.js";
import type { AnalysisSession } from "./session.js";
import { labelOf, shownPlaces } from "./shown.js";
import { eachHead, type OpenHead } from "./trained-heads.js";

/** One entry for each head that has attention; needs images. */
export async function attentionPart(session: AnalysisSession): Promise<Attention[]> {
  const found: Attention[] = [];
  await eachHead(session, async (opened) => {
    if (!opened.head.attentionMaps) return;
    const { title, seed } = opened;
    const head = title.replace(/, seed \d+$/, "");
    found.push({ head, seed, examples: await examplesOf(session, opened) });
  });
  return found;
}

async function examplesOf(
  session: AnalysisSession,
  { head, features }: OpenHead,
): Promise<AttentionExample[]> {
  const { test, size, classNames } = session;
  const places = shownPlaces(session);
  const fed = await features(test);
  try {
    const pictures = await picturesOf(test.images!, places, size);
    const options = { batch: places.length, epoch: 0 };
    for await (const batch of fed.source.batches(Uint32Array.from(places), options)) {
      const [maps, logits] = [await mapsOf(head, batch), await logitsOf(head, batch)];
      const [predicted, sure] = [predictions(logits), confidences(logits)];
      return pictures.map((picture, row) => ({
        ...picture,
        label: labelOf(classNames, batch.labels[row]!).label ?? "",
        predicted: labelOf(classNames, predicted[row]!).label!,
        probability: sure[row]!,
        maps: maps.map((map) => ({ ...map.shown, weights: weightsOf(map, row) })),
      }));
    }
    return [];
  } finally {
    await fed.close();
  }
}

async function logitsOf(head: Head, batch: LabelledBatch) {
  const logits = tf.tidy(() => head.forward(toTensors(batch), { training: false }));
  const data = Float32Array.from(await logits.data());
  logits.dispose();
  return ndarray("float32", logits.shape, data);
}

/** The last block's weights on one map: [images, heads, cells], flat. */
interface Seen {
  readonly shown: Omit<AttentionExample["maps"][number], "weights">;
  readonly values: Float32Array;
  readonly heads: number;
  readonly cells: number;
}

async function mapsOf(head: Head, batch: LabelledBatch): Promise<Seen[]> {
  const maps = tf.tidy(() =>
    head.attentionMaps!(toTensors(batch)).map(({ weights, ...map }) => {
      const [images, blocks, heads, cells] = weights.shape;
      return { ...map, last: tf.slice(weights, [0, blocks - 1, 0, 0], [images, 1, heads, cells]) };
    }),
  );
  return Promise.all(
    maps.map(async ({ last, ...map }) => {
      const values = Float32Array.from(await last.data());
      const [, , heads, cells] = last.shape;
      last.dispose();
      return { shown: shownAs(head, map), values, heads, cells };
    }),
  );
}

function shownAs(head: Head, { tap, pass, height, width }: Omit<AttentionMap, "weights">): Seen["shown"] {
  const { block, timestep } = head.description.taps.find(({ name }) => name === tap)!;
  return { tap: pass === undefined ? tap : `${tap} (pass ${pass})`, block, timestep, height, width };
}

/** Mean over the heads, to five places. */
function weightsOf({ values, heads, cells }: Seen, row: number): number[] {
  return Array.from({ length: cells }, (_, cell) => {
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += values[(row * heads + head) * cells + cell]!;
    return Math.round((1e5 * sum) / heads) / 1e5;
  });
}
