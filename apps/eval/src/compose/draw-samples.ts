/** Images drawn from noise on the fast runtime, batch by batch, each a PNG file. */
import { existsSync } from "node:fs";
import type { OnnxBackbone, OnnxTapSession } from "@difftap/backbone-onnx";
import { type LongWork, type NdArray, type ProgressEvent, writeFileAtomic } from "@difftap/core";
import { type OfNoisyImages, sampleImages } from "@difftap/scheduler";
import type { Guide } from "./guide.js";
import { encodePng, fromPlanes } from "./png.js";
import { openJournal, type SampleJournal, sampleFile } from "./sample-journal.js";
import type { SamplePlan } from "./sample-plan.js";

export interface DrawJob {
  readonly runtime: OnnxBackbone;
  readonly plan: SamplePlan;
  readonly guide: Guide | undefined;
  /** The run folder; images are in `samples/`. */
  readonly out: string;
}

export interface Drawn {
  /** Images drawn now; the rest had been there. */
  readonly computed: number;
  /** All of them together, whenever they were drawn. */
  readonly seconds: number;
}

/**
 * Draws what the folder lacks.
 * @throws DifftapError STORE_MISMATCH for a folder of another request, INTERRUPTED, and what network and gradient throw.
 */
export async function drawSamples(job: DrawJob, work: LongWork = {}): Promise<Drawn> {
  const { runtime, plan, out } = job;
  const journal = await openJournal(out, requestOf(job));
  const starts = Array.from({ length: Math.ceil(plan.count / plan.batch) }, (_, index) => index * plan.batch);
  const pending = starts.filter((first) => !isFinished(job, journal, first));
  if (pending.length > 0) {
    const output = [{ block: runtime.blocks.length + 1, pool: "map" }] as const;
    const size = { height: plan.size, width: plan.size };
    const session = await runtime.prepare(output, { size, images: "float32" });
    for (const first of pending) await drawBatch({ ...job, session, journal, first }, work);
    await session.close();
  }
  const seconds = starts.reduce((sum, first) => sum + journal.seconds(first)!, 0);
  return { computed: pending.flatMap((first) => rowsOf(plan, first)).length, seconds };
}

/** Everything that the images depend on. */
function requestOf({ runtime, plan, guide }: DrawJob): Record<string, unknown> {
  const { count, batch, seed, size, sampler, respacing, kind, labels } = plan;
  return {
    weights: runtime.weightsDigest,
    architecture: runtime.architecture,
    ...{ count, batch, seed, size, sampler, respacing, kind },
    ...(labels && { labels: [...labels] }),
    ...(guide && { guide: { by: guide.by, digest: guide.digest, scale: guide.scale } }),
  };
}

function isFinished({ plan, out }: DrawJob, journal: SampleJournal, first: number): boolean {
  const there = (index: number) => existsSync(sampleFile(out, index));
  return journal.seconds(first) !== undefined && rowsOf(plan, first).every(there);
}

/** Numbers of the images of a batch. */
function rowsOf({ count, batch }: SamplePlan, first: number): number[] {
  return Array.from({ length: Math.min(batch, count - first) }, (_, row) => first + row);
}

interface BatchJob extends DrawJob {
  readonly session: OnnxTapSession;
  readonly journal: SampleJournal;
  readonly first: number;
}

async function drawBatch(job: BatchJob, { signal, onProgress }: LongWork): Promise<void> {
  const { plan, guide, out, journal, first } = job;
  const samples = rowsOf(plan, first);
  const started = performance.now();
  const images = await sampleImages(
    {
      ...plan,
      shape: [3, plan.size, plan.size],
      samples,
      predict: networkOf(job),
      labels: plan.labels?.subarray(first, first + samples.length),
      guidance: guide,
    },
    { signal, onProgress: (event) => onProgress?.(imageProgress(plan, samples, event)) },
  );
  const pictures = picturesOf(images, plan.size);
  for (const [row, index] of samples.entries()) await writeFileAtomic(sampleFile(out, index), pictures[row]!);
  await journal.finish(first, (performance.now() - started) / 1000);
}

/** Unconditional networks are not told the labels, which only the guide is for. */
function networkOf({ runtime, session }: BatchJob): OfNoisyImages {
  const conditional = runtime.architecture.classes !== null;
  return async (x, timesteps, labels) => {
    const [output] = await session.runNetwork({ x, timesteps, labels: conditional ? labels : undefined });
    return output!;
  };
}

/** Steps of a batch as the share of its images that they amount to. */
function imageProgress({ count }: SamplePlan, samples: readonly number[], { done, total }: ProgressEvent) {
  const share = done / total!;
  return {
    task: "samples",
    done: samples[0]! + Math.floor(share * samples.length),
    total: count,
    unit: "images",
    detail: `step ${done} of ${total}`,
  };
}

/** Pixels as the reference makes them: (x + 1)·127.5, cut to 0 … 255, the fraction dropped. */
function picturesOf({ data, shape }: NdArray<"float32">, size: number): Uint8Array[] {
  const length = 3 * size * size;
  const pixels = Uint8Array.from(data, (value) => Math.min(255, Math.max(0, (value + 1) * 127.5)));
  return Array.from({ length: shape[0]! }, (_, row) =>
    encodePng(fromPlanes(pixels.subarray(row * length, (row + 1) * length), size, size)),
  );
}
