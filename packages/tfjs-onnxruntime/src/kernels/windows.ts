/** Where the windows of a convolution or a pool lie, for any number of spatial axes. */
import type { backend_util } from "@tensorflow/tfjs-core";

/** Lists have one entry per spatial axis: [height, width] or [depth, height, width]. */
export interface Windows {
  readonly batch: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly input: readonly number[];
  readonly output: readonly number[];
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Zeros in front of each axis. */
  readonly before: readonly number[];
  /** Zeros behind it: as many as the last window reaches over. Below zero: pixels that no window sees, but that would make room for another one. */
  readonly after: readonly number[];
  /** The tensors have channels in front, as ONNX has them. */
  readonly channelsFirst: boolean;
}

type Placed = Omit<Windows, "after">;

export function windows2d(info: backend_util.Conv2DInfo): Windows {
  return withEnds({
    batch: info.batchSize,
    inputChannels: info.inChannels,
    outputChannels: info.outChannels,
    input: [info.inHeight, info.inWidth],
    output: [info.outHeight, info.outWidth],
    kernel: [info.filterHeight, info.filterWidth],
    strides: [info.strideHeight, info.strideWidth],
    dilations: [info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.top, info.padInfo.left],
    channelsFirst: info.dataFormat === "channelsFirst",
  });
}

export function windows3d(info: backend_util.Conv3DInfo): Windows {
  return withEnds({
    batch: info.batchSize,
    inputChannels: info.inChannels,
    outputChannels: info.outChannels,
    input: [info.inDepth, info.inHeight, info.inWidth],
    output: [info.outDepth, info.outHeight, info.outWidth],
    kernel: [info.filterDepth, info.filterHeight, info.filterWidth],
    strides: [info.strideDepth, info.strideHeight, info.strideWidth],
    dilations: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    before: [info.padInfo.front, info.padInfo.top, info.padInfo.left],
    channelsFirst: info.dataFormat === "channelsFirst",
  });
}

/** TensorFlow.js rounds sides in several ways, and takes height's stride and kernel for all axes where a pad is a number. */
function withEnds(given: Placed): Windows {
  // Same padding of a window smaller than its stride is none; tfjs-core counts below zero in three dimensions.
  const placed = { ...given, before: given.before.map((zeros) => Math.max(0, zeros)) };
  const { input, output, strides, before } = placed;
  const after = reaches(placed).map((reach, axis) => {
    const end = (output[axis]! - 1) * strides[axis]! + reach;
    const over = end - before[axis]! - input[axis]!;
    return over > -strides[axis]! ? Math.max(0, over) : over;
  });
  return { ...placed, after };
}

/** The same windows with another number of them: gradients of pools are not told how sides were rounded, but dy has them. */
export function withOutput(windows: Windows, output: readonly number[]): Windows {
  return withEnds({ ...windows, output });
}

/** Sides that a window spans, gaps included. */
export function reaches({ kernel, dilations }: Pick<Windows, "kernel" | "dilations">): number[] {
  return kernel.map((side, axis) => (side - 1) * dilations[axis]! + 1);
}

/** The attributes that ONNX's convolutions and pools share. */
export function windowAttributes({ kernel, strides, dilations, before, after }: Windows) {
  return { kernel_shape: kernel, strides, dilations, pads: [...before, ...after] };
}

/** Shape of the input, channels first. */
export function inputShape({ batch, inputChannels, input }: Windows): number[] {
  return [batch, inputChannels, ...input];
}

/** Shape of the output, channels first. */
export function outputShape({ batch, outputChannels, output }: Windows): number[] {
  return [batch, outputChannels, ...output];
}

/** Every place in a window, the last axis running fastest. */
export function places(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (found, side) => found.flatMap((place) => Array.from({ length: side }, (_, i) => [...place, i])),
    [[]],
  );
}

export function product(sides: readonly number[]): number {
  return sides.reduce((total, side) => total * side, 1);
}
