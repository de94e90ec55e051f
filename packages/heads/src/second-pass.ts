/**
 * The second pass: each feedback block's map, through a module of its own, is resized to its mirror's size and added to the mirror's
 * output, skip connection included. Source: arXiv 2311.17921, section 3 (DifFeed).
 */
import * as tf from "@tensorflow/tfjs-core";
import type { ForwardOptions, Maps } from "./definition.js";
import type { FeedbackTaps } from "./feedback-taps.js";
import { resizeBilinear } from "./interpolation.js";
import { createFeedbackModule, type FeedbackModule } from "./layers/feedback-module.js";
import type { HeadNetwork } from "./network.js";
import { joinParameters, type Parameters } from "./parameters.js";
import type { HeadTap } from "./tap.js";

export interface SecondPass extends Parameters {
  /** Maps of pass 1 → those and the maps read in pass 2. @throws as the modules do. */
  run(maps: Maps, resume: NonNullable<HeadNetwork["resume"]>, options: ForwardOptions): Maps;
}

/** `feedback.N` is the module of the Nth feedback block. */
export function createSecondPass(
  taps: FeedbackTaps,
  { module, seed }: { readonly module: string; readonly seed: number | bigint },
): SecondPass {
  const modules = taps.plan.connections.map(({ from, to }, index) =>
    createFeedbackModule(`feedback.${index}`, { module, inputs: from.channels, outputs: to.channels, seed }),
  );
  return {
    ...joinParameters(...modules),
    run(maps, resume, options) {
      const read = taps.timesteps.flatMap((timestep) => {
        const added = feedbackOf(maps, { taps, modules, timestep, options });
        return [...runOnce(maps, added, { taps, resume, timestep })];
      });
      return new Map([...maps, ...read]);
    },
  };
}

interface Injecting {
  readonly taps: FeedbackTaps;
  readonly modules: readonly FeedbackModule[];
  readonly timestep: HeadTap["timestep"];
  readonly options: ForwardOptions;
}

/** What is added, by the number of the block it is added to. */
function feedbackOf(maps: Maps, { taps, modules, timestep, options }: Injecting): Map<number, tf.Tensor4D> {
  const given = neededAt(maps, taps, timestep);
  const outputs = taps.plan.connections.map(({ from, to }, index) => {
    return [to.number, modules[index]!.forward(given.get(from.number)!, options)] as const;
  });
  return new Map(outputs);
}

function neededAt(maps: Maps, { needed }: FeedbackTaps, timestep: HeadTap["timestep"]) {
  return new Map(needed.map(({ block, at }) => [block, maps.get(at(timestep).name)!]));
}

interface Running extends Pick<Injecting, "taps" | "timestep"> {
  readonly resume: NonNullable<HeadNetwork["resume"]>;
}

/** From the first addition to the deepest block that is read. */
function runOnce(
  maps: Maps,
  added: ReadonlyMap<number, tf.Tensor4D>,
  { taps, resume, timestep }: Running,
): Map<string, tf.Tensor4D> {
  const { start, deepest } = taps.plan;
  const kept = neededAt(maps, taps, timestep);
  const read = new Map<string, tf.Tensor4D>();
  const visit = (block: number, output: tf.Tensor): tf.Tensor => {
    const value = inject(output as tf.Tensor4D, added.get(block));
    const column = taps.second.find((each) => each.block === block);
    if (column) read.set(column.at(timestep).name, value);
    return value;
  };
  const value = visit(start, kept.get(start)!);
  if (deepest > start) {
    resume({ timestep, block: start, value, kept }, ({ number }, output) => {
      const replace = visit(number, output);
      return number === deepest ? "stop" : { replace };
    });
  }
  return read;
}

function inject(output: tf.Tensor4D, added: tf.Tensor4D | undefined): tf.Tensor4D {
  if (!added) return output;
  const [, , height, width] = output.shape;
  return tf.add(output, resizeBilinear(added, { height, width }));
}
