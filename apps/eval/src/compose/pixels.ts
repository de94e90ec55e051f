/** The baseline without a network: the pixels themselves, or averaged to a few cells. */
import { type LongWork, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import { loadImages } from "@difftap/datasets";
import type { Selection } from "./images.js";
import type { LabelledFeatures } from "./labelled.js";

const CHANNELS = 3;
const BATCH = 256;

/** Pixels in [−1, 1] as features: [n, 3·size·size]. `cells` averages each image to cells×cells first; size has to be a multiple. */
export async function pixelFeatures(
  { dataset, indices }: Selection,
  options: { size: number; cells?: number; onCorrupt: "skip" | "fail" },
  work: LongWork = {},
): Promise<LabelledFeatures> {
  const cells = options.cells ?? options.size;
  const width = CHANNELS * cells * cells;
  const features = new Float32Array(indices.length * width);
  const labels = new Int32Array(indices.length);
  const rows = new Uint32Array(indices.length);
  let kept = 0;
  for await (const batch of loadImages(dataset, {
    indices,
    size: options.size,
    batch: BATCH,
    onCorrupt: options.onCorrupt,
    signal: work.signal,
  })) {
    throwIfAborted(work.signal);
    for (let row = 0; row < batch.count; row++) {
      if (batch.valid[row] !== 1) continue;
      averageInto(
        features.subarray(kept * width, (kept + 1) * width),
        batch.images,
        row,
        options.size,
        cells,
      );
      labels[kept] = batch.labels[row]!;
      rows[kept++] = batch.start + row;
    }
  }
  return {
    features: ndarray("float32", [kept, width], features.subarray(0, kept * width)),
    labels: labels.subarray(0, kept),
    rows: rows.subarray(0, kept),
  };
}

function averageInto(
  out: Float32Array,
  images: NdArray<"uint8">,
  row: number,
  size: number,
  cells: number,
): void {
  const side = size / cells;
  const scale = 1 / (127.5 * side * side);
  const image = images.data.subarray(row * CHANNELS * size * size, (row + 1) * CHANNELS * size * size);
  out.fill(-1);
  for (let place = 0; place < image.length; place++) {
    const x = place % size;
    const y = Math.floor(place / size) % size;
    const channel = Math.floor(place / (size * size));
    const cell = (channel * cells + Math.floor(y / side)) * cells + Math.floor(x / side);
    out[cell]! += image[place]! * scale;
  }
}
