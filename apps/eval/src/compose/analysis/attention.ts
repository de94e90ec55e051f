/** Where trained heads look, over the images that are shown. */
import { ndarray } from "@difftap/core";
import { tf } from "@difftap/engine";
import type { Head } from "@difftap/heads";
import { confidences, predictions } from "@difftap/metrics";
import type { Attention, AttentionExample } from "@difftap/run-folder";
import { type LabelledBatch, toTensors } from "@difftap/trainer";
import { seenMaps, shownMap } from "../attention.js";
import { picturesOf } from "../examples.js";
import { isOfShape } from "../sizes.js";
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
  { head, features, size }: OpenHead,
): Promise<AttentionExample[]> {
  const { test, classNames } = session;
  const places = shownPlaces(session);
  const fed = await features(test);
  try {
    const pictures = await picturesOf(test.images!, places, size);
    const options = { batch: places.length, epoch: 0 };
    for await (const batch of fed.source.batches(Uint32Array.from(places), options)) {
      const [maps, logits] = [await seenMaps(head, batch), await logitsOf(head, batch)];
      const [predicted, sure] = [predictions(logits), confidences(logits)];
      return pictures.map((picture, row) => ({
        ...picture,
        label: labelOf(classNames, batch.labels[row]!).label ?? "",
        predicted: labelOf(classNames, predicted[row]!).label!,
        probability: sure[row]!,
        maps: maps.filter(({ tap }) => isOfShape(tap, size)).map((map) => shownMap(map, row)),
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
