/**
 * A network of the user's own, as ONNX, whose features distances are measured on: Inception for FID and KID.
 *
 * It has one input, float32 [N, 3, H, W], RGB in [0, 1], and its first output is float32 [N, d] (or [N, d, 1, 1]). Where H and
 * W are numbers, images are resized to them bilinearly; where they are free, images are given as they are. These are the
 * conventions of pytorch-fid's InceptionV3, exported with or without its own resizing.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { DifftapError, type LongWork, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import * as ort from "onnxruntime-node";
import { type PlaneSize, resizeBilinear } from "./bilinear.js";

export interface FeatureNetwork {
  /** sha256 of the file, in hexadecimal. */
  readonly digest: string;
  /** What images are resized to; null where they are taken as they are. */
  readonly size: PlaneSize | null;
  /**
   * Features [N, d] of images [N, 3, H, W], image by image.
   * @throws DifftapError USAGE_INVALID for other shapes, DATA_REFUSED when the output is none of the above, INTERRUPTED.
   */
  features(images: NdArray<"uint8">, work?: LongWork): Promise<NdArray<"float32">>;
  close(): Promise<void>;
}

/**
 * Opens such a network.
 * @throws DifftapError FILE_MISSING, or DATA_REFUSED for a file that ONNX Runtime does not load or whose input is another.
 */
export async function openFeatureNetwork(path: string): Promise<FeatureNetwork> {
  if (!existsSync(path)) throw new DifftapError("FILE_MISSING", `there is no network at ${path}`);
  const session = await ort.InferenceSession.create(path).catch((cause: Error) => {
    throw refused(path, `ONNX Runtime does not load it: ${cause.message}`, cause);
  });
  const size = inputSize(path, session);
  const run = (image: NdArray<"uint8">) => featuresOf(path, session, size, image);
  return {
    digest: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
    size,
    features: (images, work = {}) => featuresOfAll(images, run, work),
    close: () => session.release(),
  };
}

function inputSize(path: string, { inputMetadata }: ort.InferenceSession): PlaneSize | null {
  const [input, ...others] = inputMetadata;
  if (others.length > 0) throw refused(path, `it has ${inputMetadata.length} inputs, not one`);
  if (!input?.isTensor || input.type !== "float32" || input.shape.length !== 4 || input.shape[1] !== 3) {
    const found = input?.isTensor ? `${input.type} [${input.shape.join(", ")}]` : "no tensor";
    throw refused(path, `its input is ${found}, not float32 [N, 3, H, W]`);
  }
  const [batch, , height, width] = input.shape;
  if (typeof batch === "number" && batch !== 1)
    throw refused(path, `it takes ${batch} images at a time, not one or any number`);
  return typeof height === "number" && typeof width === "number" ? { height, width } : null;
}

async function featuresOfAll(
  images: NdArray<"uint8">,
  run: (image: NdArray<"uint8">) => Promise<Float32Array>,
  { signal, onProgress }: LongWork,
): Promise<NdArray<"float32">> {
  const [count = 0, ...shape] = images.shape;
  if (count === 0 || shape.length !== 3 || shape[0] !== 3)
    throw new DifftapError("USAGE_INVALID", `images are [${images.shape.join(", ")}], not [N, 3, H, W]`);
  const length = images.data.length / count;
  const rows: Float32Array[] = [];
  for (let row = 0; row < count; row++) {
    throwIfAborted(signal);
    const image = images.data.subarray(row * length, (row + 1) * length);
    rows.push(await run(ndarray("uint8", shape, image)));
    onProgress?.({ task: "features", done: row + 1, total: count, unit: "images" });
  }
  const width = rows[0]!.length;
  const data = new Float32Array(count * width);
  rows.forEach((values, row) => {
    data.set(values, row * width);
  });
  return ndarray("float32", [count, width], data);
}

async function featuresOf(
  path: string,
  session: ort.InferenceSession,
  size: PlaneSize | null,
  { data, shape }: NdArray<"uint8">,
): Promise<Float32Array> {
  const own = { height: shape[1]!, width: shape[2]! };
  const to = size ?? own;
  const planes = resizeBilinear(
    Float32Array.from(data, (value) => value / 255),
    own,
    to,
  );
  const input = new ort.Tensor("float32", planes, [1, 3, to.height, to.width]);
  const outputs = await session.run({ [session.inputNames[0]!]: input });
  const found = outputs[session.outputNames[0]!]!;
  const [batch, width, ...rest] = found.dims;
  if (
    found.type !== "float32" ||
    batch !== 1 ||
    found.data.length !== width ||
    rest.some((side) => side !== 1)
  ) {
    throw refused(path, `its output is ${found.type} [${found.dims.join(", ")}], not float32 [N, d]`);
  }
  return found.data as Float32Array;
}

function refused(path: string, reason: string, cause?: unknown): DifftapError {
  return new DifftapError("DATA_REFUSED", `${path}: ${reason}`, {
    hint: "export the network with one input float32 [N, 3, H, W], RGB in [0, 1], and features [N, d] as its first output",
    cause,
  });
}
