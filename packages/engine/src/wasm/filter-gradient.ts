/**
 * The gradient of a 2-D convolution by its filter, which the WebAssembly backend lacks: its 3-D kernel with depth 1.
 *
 * That kernel is wrong where it strides, so strides are undone first: zeros between the rows and columns of dy make a
 * convolution of stride 1 with the same filter gradient. Padding is applied to x, so that nothing is left to the kernel.
 */
import {
  backend_util,
  type Conv2DBackpropFilterAttrs,
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  registerKernel,
  type TensorInfo,
} from "@tensorflow/tfjs-core";

const backendName = "wasm";
const kernelName = "Conv2DBackpropFilter";

type Shape4 = [number, number, number, number];

/** Adds the kernel, once. It takes x [batch, height, width, in] and dy [batch, height, width, out], as NHWC only. */
export function registerFilterGradient(): void {
  if (getKernel(kernelName, backendName) !== undefined) return;
  registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, backend, attrs }) =>
      filterGradient(
        inputs.x as TensorInfo,
        inputs.dy as TensorInfo,
        attrs as unknown as Conv2DBackpropFilterAttrs,
        backend as KernelBackend,
      ),
  });
}

function filterGradient(
  x: TensorInfo,
  dy: TensorInfo,
  attrs: Conv2DBackpropFilterAttrs,
  backend: KernelBackend,
): TensorInfo {
  const { strides, pad, dataFormat, dimRoundingMode, filterShape } = attrs;
  if (dataFormat !== "NHWC") throw new Error(`${kernelName} on wasm needs NHWC, not ${dataFormat}`);
  const { padInfo, strideHeight, strideWidth } = backend_util.computeConv2DInfo(
    x.shape as Shape4,
    filterShape,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const scope = new KernelScope(backend);
  const spread = spreadOut(scope, dy, [strideHeight, strideWidth]);
  const padded = padTo(scope, x, [padInfo.top, padInfo.left], spread.shape, filterShape);
  const gradient = scope.run(
    "Conv3DBackpropFilterV2",
    { x: addDepth(scope, padded), dy: addDepth(scope, spread) },
    { strides: [1, 1, 1], pad: "valid", filterShape: [1, ...filterShape] },
  );
  return scope.keepOnly(scope.run("Reshape", { x: gradient }, { shape: filterShape }));
}

/** dy with stride − 1 rows and columns of zeros after each of its own. */
function spreadOut(scope: KernelScope, dy: TensorInfo, [down, across]: [number, number]): TensorInfo {
  const [batch, height, width, channels] = dy.shape as Shape4;
  const rows = insertZeros(scope, dy, [batch * height, width * channels], down);
  const columns = insertZeros(scope, rows, [batch * height * down * width, channels], across);
  return scope.run("Reshape", { x: columns }, { shape: [batch, height * down, width * across, channels] });
}

/** Each of `count` pieces of `length` values is followed by stride − 1 such pieces of zeros. */
function insertZeros(
  scope: KernelScope,
  x: TensorInfo,
  [count, length]: [number, number],
  stride: number,
): TensorInfo {
  if (stride === 1) return x;
  const pieces = scope.run("Reshape", { x }, { shape: [count, 1, length] });
  return padWith(scope, pieces, [
    [0, 0],
    [0, stride - 1],
    [0, 0],
  ]);
}

/** x with the convolution's padding before it, and zeros behind it up to what the spread dy reaches over. */
function padTo(
  scope: KernelScope,
  x: TensorInfo,
  [top, left]: [number, number],
  spread: readonly number[],
  filterShape: readonly number[],
): TensorInfo {
  const [, height, width] = x.shape as Shape4;
  const bottom = spread[1]! - 1 + filterShape[0]! - height - top;
  const right = spread[2]! - 1 + filterShape[1]! - width - left;
  return padWith(scope, x, [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ]);
}

const padWith = (scope: KernelScope, x: TensorInfo, paddings: [number, number][]): TensorInfo =>
  paddings.flat().every((count) => count === 0)
    ? x
    : scope.run("PadV2", { x }, { paddings, constantValue: 0 });

function addDepth(scope: KernelScope, x: TensorInfo): TensorInfo {
  const [batch, ...rest] = x.shape;
  return scope.run("Reshape", { x }, { shape: [batch!, 1, ...rest] });
}

/** Runs kernels of the backend and remembers what they made. */
class KernelScope {
  readonly #backend: KernelBackend;
  readonly #made: TensorInfo[] = [];

  constructor(backend: KernelBackend) {
    this.#backend = backend;
  }

  run(name: string, inputs: Record<string, TensorInfo>, attrs: Record<string, unknown>): TensorInfo {
    const { kernelFunc } = getKernel(name, backendName);
    const made = kernelFunc({ inputs, backend: this.#backend, attrs: attrs as NamedAttrMap }) as TensorInfo;
    this.#made.push(made);
    return made;
  }

  /** Gives back everything but this one's data. */
  keepOnly(result: TensorInfo): TensorInfo {
    for (const each of this.#made) if (each !== result) this.#backend.disposeData(each.dataId);
    return result;
  }
}
