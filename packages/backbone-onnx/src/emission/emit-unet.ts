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
  type TapRequest,
  unet,
} from "@difftap/backbone";
import { createGraph, type Value } from "@difftap/onnx-graph";
import { Emitter } from "./emitter.js";
import { emitInputs, type ImageType } from "./noising.js";
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

/** The name of a tap's output: b09.p2, or b09.map. */
export function tapName({ block, pool }: TapRequest): string {
  return `b${String(block).padStart(2, "0")}.${pool === "map" ? "map" : `p${pool}`}`;
}

/** @throws DifftapError REQUEST_INVALID for a size that the levels cannot divide. */
export function emitUnet(options: EmitOptions): EmittedUnet {
  const { architecture, taps, images = "uint8" } = options;
  const size = options.size ?? { height: architecture.imageSize, width: architecture.imageSize };
  checkImageSize(architecture, size);
  const labelled = architecture.classes !== null;
  const graph = createGraph({ name: "adm-unet" });
  const emitter = new Emitter(graph, parameterShapes(architecture));
  const ops = new OnnxOps(emitter, { sharedEmbedding: !labelled });
  const outputs: TapOutput[] = [];
  const deepest = Math.max(...taps.map(({ block }) => block));
  const tapped = (number: number, value: Value) => {
    for (const tap of uniqueTaps(taps, number)) outputs.push(emitTap(emitter, ops.settle(value), tap));
  };
  let largestMapBytes = 0;
  const inputs = emitInputs(emitter, images, size, { shared: !labelled, labelled });
  const out = unet(ops, architecture, ops, inputs, (block, value) => {
    const replace = options.replace?.(block, value, ops);
    largestMapBytes = Math.max(largestMapBytes, mapBytes(emitter, replace ?? value));
    tapped(block.number, replace ?? value);
    return block.number === deepest ? "stop" : { replace };
  });
  if (out !== undefined) tapped(blockTable(architecture).length + 1, out);
  return {
    model: graph.encode(),
    layout: emitter.layout,
    outputs,
    sharedTimestep: !labelled,
    largestMapBytes,
  };
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

function mapBytes(emitter: Emitter, value: Value): number {
  const { channels, height, width } = emitter.mapShape(value);
  return channels * height * width * Float32Array.BYTES_PER_ELEMENT;
}
