/** The part `fusion`: what a trained head makes of its taps, beside the taps as they are. */
import { bytesOf, sha256Hex } from "@difftap/core";
import { ckaMatrix, neighbourhoodPurity, type Similarity } from "@difftap/metrics";
import type { Fusion } from "@difftap/run-folder";
import { takeRows } from "../hold-out.js";
import type { LabelledFeatures } from "../labelled.js";
import { probeCell } from "../probing.js";
import { inPercent } from "./cell.js";
import { type AnalysisSession, classesOf } from "./session.js";
import { stagesOf } from "./stages.js";
import { eachHead, type OpenHead } from "./trained-heads.js";

type Stage = Fusion["stages"][number];

/** Features of training and test images before fusion, or after it. */
export interface StageFeatures extends Pick<Stage, "name" | "place"> {
  readonly train: LabelledFeatures;
  readonly test: LabelledFeatures;
}

/** Images whose pairs CKA counts. */
const MOST_IMAGES = 1000;

/** Needs heads, and labelled images of both splits. */
export async function fusionPart(session: AnalysisSession): Promise<Fusion[]> {
  const found: Fusion[] = [];
  await eachHead(session, async (opened) => {
    found.push(await fusionOf(session, opened));
  });
  return found;
}

async function fusionOf(session: AnalysisSession, opened: OpenHead): Promise<Fusion> {
  const { settings, context, test } = session;
  const stages = await stagesOf(session, opened);
  const similarities = similarToLast(stages);
  const measured: Stage[] = [];
  let chance = 0;
  for (const [index, stage] of stages.entries()) {
    const { purity, ...rest } = await measureStage(session, stage);
    chance = 100 * purity.chance;
    const { value, interval } = similarities[index]!;
    measured.push({
      ...rest,
      purity: inPercent(purity),
      ...(stage.place === "before" && { cka: { value, interval } }),
    });
    context.onProgress({
      task: `fusion, ${opened.title}`,
      done: index + 1,
      total: stages.length,
      unit: "stages",
    });
  }
  const k = neighboursOf(session);
  return {
    head: opened.title,
    stages: measured,
    chance,
    k,
    protocol: `solved linear probe, L2 ${settings.l2}, on all training images; purity of ${k} neighbours by cosine similarity; unbiased CKA with what the head makes of it, on ${similarities[0]!.n} test images; ${settings.which} weights of ${opened.run}`,
    split: test.about,
    n: stages[0]!.test.labels.length,
    seeds: [settings.seed],
  };
}

const neighboursOf = ({ settings, test }: AnalysisSession) => Math.min(settings.k, test.count - 1);

/** CKA of each stage with the last. */
function similarToLast(stages: readonly StageFeatures[]): readonly Similarity[] {
  const few = Uint32Array.from(stages[0]!.test.labels.keys()).subarray(0, MOST_IMAGES);
  return ckaMatrix(
    stages.map(({ test }) => takeRows(test, few).features),
    "unbiased",
  ).at(-1)!;
}

async function measureStage(session: AnalysisSession, { name, place, train, test }: StageFeatures) {
  const { settings, context, cells } = session;
  const { signal } = context;
  const classes = await classesOf(session);
  const { l2, seed } = settings;
  const key = { train: contentOf(train), test: contentOf(test), classes, l2 };
  const probe = await cells.remember(key, () => probeCell({ train, test, classes, l2 }, { signal }));
  const { features, labels } = test;
  const purity = await neighbourhoodPurity({
    features,
    labels,
    k: neighboursOf(session),
    bootstrap: { seed },
    signal,
  });
  return {
    ...{ name, place, dimensions: features.shape[1]!, purity },
    top1: { value: probe.top1, interval: [...probe.interval] as [number, number] },
  };
}

/** A head may be trained further: what it gives is what its numbers are kept by. */
const contentOf = ({ features, labels }: LabelledFeatures) =>
  [sha256Hex(bytesOf(features)), sha256Hex(labels.join())].join("-");
