/** Trained heads out of run folders, one after the other, on whatever the analysis reads. */
import { basename, join } from "node:path";
import type { OnnxBackbone } from "@difftap/backbone-onnx";
import { DifftapError, type LongWork, type NdArray, ndarray } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { type Head, type HeadNetwork, loadHead } from "@difftap/heads";
import { type ImageSides, imageSizeOf } from "@difftap/taps";
import { type FeatureSource, latestCheckpoint, toTensors } from "@difftap/trainer";
import { backboneOf, choiceOf } from "../head-choice.js";
import type { HeadFeatures } from "../head-features.js";
import { readImageFeatures } from "../image-heads.js";
import { withRuntime } from "../runtime.js";
import { openSavedHead, type SavedHeadChoice, savedDescription } from "../saved-head.js";
import { sizesOfHead } from "../sizes.js";
import { readStoredFeatures } from "../stored-heads.js";
import { penultimateOf } from "./penultimate.js";
import type { AnalysisSession } from "./session.js";
import type { Split } from "./split.js";

export interface OpenHead {
  /** What tables call it: its name in the run, with the run where there are several. */
  readonly title: string;
  readonly seed: number;
  readonly run: string;
  readonly head: Head;
  /** The network it was trained on; absent where features were stored before. */
  readonly runtime: OnnxBackbone | undefined;
  /** Of the images that it reads, taps that name another apart: as it was trained, unless the analysis was told. */
  readonly size: ImageSides;
  /** What it is fed; the caller closes it. */
  features(split: Split): Promise<HeadFeatures>;
  /** [n, d] of a split: what the last linear layer reads, or its logits. */
  outputs(split: Split, layer: "penultimate" | "logits"): Promise<NdArray<"float32">>;
}

/** Opens head after head and closes each behind `use`. @throws DifftapError as `openSavedHead` */
export async function eachHead(
  session: AnalysisSession,
  use: (head: OpenHead) => Promise<void>,
): Promise<void> {
  const { heads: runs = [], engine } = session.settings;
  if (runs.length > 0) await selectEngine(engine);
  for (const run of runs) {
    for (const model of await modelsOf(run, session.settings.models))
      await withHead(session, run, model, use);
  }
}

/** Names of a run's heads that were asked for. */
async function modelsOf(run: string, wanted: readonly string[] | undefined): Promise<string[]> {
  const checkpoint = await latestCheckpoint(join(run, "checkpoints"));
  // Without a checkpoint, opening the head says what is missing.
  const names = checkpoint?.models.map(({ name }) => name) ?? [""];
  const chosen =
    wanted === undefined ? names : names.filter((name) => wanted.some((begin) => isCalled(name, begin)));
  if (chosen.length > 0) return chosen;
  throw new DifftapError("REQUEST_INVALID", `${run} holds none of the heads ${wanted?.join(", ")}`, {
    hint: `--models takes of ${names.map((name) => `"${name}"`).join(", ")}`,
    details: { run, names },
  });
}

/** A name, or what it is called without its seed. */
const isCalled = (name: string, wanted: string) => name === wanted || name.startsWith(`${wanted}, `);

async function withHead(
  session: AnalysisSession,
  run: string,
  model: string,
  use: (head: OpenHead) => Promise<void>,
): Promise<void> {
  const { which, head, heads = [] } = session.settings;
  const choice = { run, which, head, ...(model !== "" && { model }) };
  await withBackbone(session, choice, async (runtime) => {
    const saved = await savedDescription(choice);
    const { size } = sizesOfHead(saved, session.settings.size, session.network.architecture);
    const network = runtime && { blocks: runtime.blocks, size: imageSizeOf({ size }) };
    const opened = await openSavedHead({ ...choice, ...(network && { network }) });
    try {
      const own = model || basename(run);
      const title = heads.length > 1 ? `${run}: ${own}` : own;
      const seed = Number(/seed (\d+)$/.exec(model || run)?.[1] ?? 0);
      await use(openHead({ session, runtime, network, head: opened, from: head, title, seed, run, size }));
    } finally {
      opened.dispose();
    }
  });
}

/** The network that a head was trained on: the session's, or the one that was fine-tuned with it. */
async function withBackbone(
  { runtime, settings }: AnalysisSession,
  choice: SavedHeadChoice,
  use: (runtime: OnnxBackbone | undefined) => Promise<void>,
): Promise<void> {
  if (!runtime) return use(undefined);
  const { tuned, weights } = await backboneOf(choice);
  if (!tuned) return use(runtime);
  await withRuntime({ ...settings, weights, tuned }, (own) => use(own));
}

interface Opening {
  readonly session: AnalysisSession;
  readonly runtime: OnnxBackbone | undefined;
  readonly network: HeadNetwork | undefined;
  readonly head: Head;
  /** Package or path of a head from outside. */
  readonly from: string | undefined;
  readonly title: string;
  readonly seed: number;
  readonly run: string;
  readonly size: ImageSides;
}

function openHead(opening: Opening): OpenHead {
  const { session, runtime, network, head, from, title, seed, run, size } = opening;
  const features = (split: Split) => featuresFor(opening, split);
  return {
    ...{ title, seed, run, head, runtime, size, features },
    async outputs(split, layer) {
      const fed = await features(split);
      const definition = await loadHead(from ?? head.description.head);
      const reader = layer === "logits" ? head : await penultimateOf(head, definition, network);
      try {
        const task = `${title}, ${split.name}`;
        return await outputsOf(reader, fed.source, {
          ...session.context,
          batch: session.settings.batch,
          task,
        });
      } finally {
        if (reader !== head) reader.dispose();
        await fed.close();
      }
    },
  };
}

/** The backbone does all that lies before the head; of stores its arrays are read. */
async function featuresFor(
  { session: { settings, context }, runtime, head, size }: Opening,
  { images, store }: Split,
): Promise<HeadFeatures> {
  const { taps } = head.description;
  if (!runtime || !images) {
    const names = taps.map(({ name }) => name);
    return readStoredFeatures((await store()).path, names, context);
  }
  const feedback = await head.feedback?.();
  const reading = { runtime, images, taps: choiceOf(taps, settings.seed), size, augment: false };
  return readImageFeatures({ ...reading, inputs: () => head.inputs, feedback });
}

async function outputsOf(
  head: Head,
  source: FeatureSource,
  { batch, signal, onProgress, task }: LongWork & { readonly batch: number; readonly task: string },
): Promise<NdArray<"float32">> {
  const all = Uint32Array.from({ length: source.length }, (_, index) => index);
  const parts: Float32Array[] = [];
  let done = 0;
  for await (const read of source.batches(all, { batch, epoch: 0, signal })) {
    const outputs = tf.tidy(() => head.forward(toTensors(read), { training: false }));
    parts.push(Float32Array.from(await outputs.data()));
    outputs.dispose();
    done += read.labels.length;
    onProgress?.({ task, done, total: source.length, unit: "images" });
  }
  return joined(parts, source.length);
}

function joined(parts: readonly Float32Array[], rows: number): NdArray<"float32"> {
  const values = ndarray("float32", [rows, parts.reduce((sum, { length }) => sum + length, 0) / rows]);
  let start = 0;
  for (const part of parts) {
    values.data.set(part, start);
    start += part.length;
  }
  return values;
}
