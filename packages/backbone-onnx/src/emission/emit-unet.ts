/**
 * The U-Net up to its deepest tap as an ONNX model, with the list of tensors its external data must hold.
 *
 * ```ts
 * import { emitUnet } from "@difftap/backbone-onnx";
 *
 * const { model, layout } = emitUnet({ architecture, taps: [{ block: 24, pool: 2 }] });
 * console.log(`${model.byteLength} bytes of graph, ${layout.byteLength} bytes of weights`);
 * ```
 */
import {
  type Architecture,
  type BlockInfo,
  blockTable,
  checkImageSize,
  type ImageSize,
  parameterShapes,
  planFeedback,
  resumeUnet,
  type TapRequest,
  type TrainedFeedback,
  unet,
} from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import { createGraph, type Value } from "@difftap/onnx-graph";
import { Emitter } from "./emitter.js";
import { emitFeedback } from "./feedback.js";
import { emitInputs, type GraphInputs, type ImageType } from "./noising.js";
import { OnnxOps } from "./onnx-ops.js";
import { emitPooled } from "./pooling.js";
import type { WeightLayout } from "./weight-layout.js";

export interface EmitOptions {
  readonly architecture: Architecture;
  /** Blocks 1 to the network's last; one beyond it is the network's own output. */
  readonly taps: readonly TapRequest[];
  /** Of the images; the architecture's, squared, unless given. */
  readonly size?: ImageSize;
  /** uint8 unless given. */
  readonly images?: ImageType;
  /** For taps with pass 2: both passes in one graph, the network's weights once. */
  readonly feedback?: TrainedFeedback;
  /** Gives another value for a block's output: the skip connection and taps see it. */
  readonly replace?: (block: BlockInfo, value: Value, ops: OnnxOps) => Value | undefined;
}

/** One output of the graph. */
export interface TapOutput {
  readonly name: string;
  readonly tap: TapRequest;
  /** Of one sample: [C·rows·columns], or [C, H, W] for a whole map. */
  readonly shape: readonly number[];
}

export interface EmittedUnet {
  /** ONNX protobuf without weights. */
  readonly model: Uint8Array;
  /** What the external data holds, and where. */
  readonly layout: WeightLayout;
  /** One per different tap. */
  readonly outputs: readonly TapOutput[];
  /** All samples of a run share one timestep: signal, sigma and timesteps have one entry. */
  readonly sharedTimestep: boolean;
  /** Bytes of one sample's largest block output. */
  readonly largestMapBytes: number;
}

/** The name of a tap's output: b09.p2, or b09.map; in pass 2 second.b09.p2. */
export function tapName({ block, pool, pass }: TapRequest): string {
  const name = `b${String(block).padStart(2, "0")}.${pool === "map" ? "map" : `p${pool}`}`;
  return pass === 2 ? `second.${name}` : name;
}

/** @throws DifftapError REQUEST_INVALID for a size that the levels cannot divide; as `planFeedback` and `emitFeedback`. */
export function emitUnet(options: EmitOptions): EmittedUnet {
  const { architecture, taps, images = "uint8" } = options;
  const size = options.size ?? { height: architecture.imageSize, width: architecture.imageSize };
  checkImageSize(architecture, size);
  const labelled = architecture.classes !== null;
  const graph = createGraph({ name: "adm-unet" });
  const emitter = new Emitter(graph, parameterShapes(architecture));
  const ops = new OnnxOps(emitter, { sharedEmbedding: !labelled });
  const inputs = emitInputs(emitter, images, size, { shared: !labelled, labelled });
  const first = taps.filter(({ pass }) => pass !== 2);
  const second = taps.filter(({ pass }) => pass === 2);
  const emission: Emission = { options, emitter, ops, inputs, outputs: [], largestMapBytes: 0 };
  if (second.length === 0) emitFirstPass(emission, first, []);
  else emitBothPasses(emission, first, second);
  return {
    model: graph.encode(),
    layout: emitter.layout,
    outputs: emission.outputs,
    sharedTimestep: !labelled,
    largestMapBytes: emission.largestMapBytes,
  };
}

interface Emission {
  readonly options: EmitOptions;
  readonly emitter: Emitter;
  readonly ops: OnnxOps;
  readonly inputs: GraphInputs;
  readonly outputs: TapOutput[];
  largestMapBytes: number;
}

/** Up to the deepest block that is a tap or needed; gives the maps of those needed. */
function emitFirstPass(
  emission: Emission,
  taps: readonly TapRequest[],
  needed: readonly number[],
): Map<number, Value> {
  const { ops, options, inputs } = emission;
  const { architecture } = options;
  const deepest = Math.max(...taps.map(({ block }) => block), ...needed);
  const maps = new Map<number, Value>();
  const out = unet(ops, architecture, ops, inputs, (block, value) => {
    const replace = options.replace?.(block, value, ops);
    const seen = replace ?? value;
    measure(emission, seen);
    emitTaps(emission, taps, block.number, seen);
    if (needed.includes(block.number)) maps.set(block.number, ops.settle(seen));
    return block.number === deepest ? "stop" : { replace };
  });
  if (out !== undefined) emitTaps(emission, taps, blockTable(architecture).length + 1, out);
  return maps;
}

/** The second pass begins with what the first injection changes. */
function emitBothPasses(
  emission: Emission,
  first: readonly TapRequest[],
  second: readonly TapRequest[],
): void {
  const { ops, emitter, options, inputs } = emission;
  const { architecture } = options;
  const feedback = checkGiven(options.feedback);
  const read = second.map(({ block }) => block);
  const plan = planFeedback(blockTable(architecture), { blocks: feedback.blocks, read });
  const maps = emitFirstPass(emission, first, plan.needed);
  const inject = (number: number, value: Value): Value => {
    const index = plan.connections.findIndex(({ to }) => to.number === number);
    if (index === -1) return value;
    const from = maps.get(plan.connections[index]!.from.number)!;
    const { height, width } = emitter.mapShape(value);
    return ops.add(value, emitFeedback(emitter, from, { feedback, index, size: { height, width } }));
  };
  const visit = (number: number, value: Value): Value => {
    const seen = inject(number, value);
    measure(emission, seen);
    emitTaps(emission, second, number, seen);
    return seen;
  };
  const value = visit(plan.start, maps.get(plan.start)!);
  if (plan.deepest === plan.start) return;
  const state = { block: plan.start, value, kept: maps };
  resumeUnet(ops, architecture, ops, { ...inputs, state }, (block, before) => {
    const replace = visit(block.number, before);
    return block.number === plan.deepest ? "stop" : { replace };
  });
}

function checkGiven(feedback: TrainedFeedback | undefined): TrainedFeedback {
  if (feedback !== undefined) return feedback;
  throw new DifftapError("REQUEST_INVALID", "a tap of pass 2 was asked for without feedback", {
    hint: "prepare with the trained feedback, or read pass 1",
  });
}

function measure(emission: Emission, map: Value): void {
  const { channels, height, width } = emission.emitter.mapShape(map);
  const bytes = channels * height * width * Float32Array.BYTES_PER_ELEMENT;
  emission.largestMapBytes = Math.max(emission.largestMapBytes, bytes);
}

function emitTaps(emission: Emission, taps: readonly TapRequest[], block: number, value: Value): void {
  const { emitter, ops, outputs } = emission;
  for (const tap of uniqueTaps(taps, block)) outputs.push(emitTap(emitter, ops.settle(value), tap));
}

function uniqueTaps(taps: readonly TapRequest[], block: number): TapRequest[] {
  return [...new Map(taps.map((tap) => [tapName(tap), tap])).values()].filter((tap) => tap.block === block);
}

function emitTap(emitter: Emitter, value: Value, tap: TapRequest): TapOutput {
  const name = tapName(tap);
  const pooled = tap.pool === "map" ? value : emitPooled(emitter, value, tap.pool);
  const { channels, height, width } = emitter.mapShape(pooled);
  const shape = tap.pool === "map" ? [channels, height, width] : [channels * height * width];
  const output = tap.pool === "map" ? pooled : emitter.graph.node("Flatten", [pooled], { axis: 1 });
  emitter.graph.output(output, name, "float32", ["batch", ...shape]);
  return { name, tap, shape };
}
