/** Where a place of a map is, as sines: DETR's embedding (arXiv 2005.12872, `PositionEmbeddingSine`, normalised). Any height and width. */
import * as tf from "@tensorflow/tfjs-core";
import type { MapSize } from "../definition.js";

const TEMPERATURE = 10_000;

/** [height·width, channels], rows first: half of the channels say the row, half the column. Channels are a multiple of 4. */
export function sinePositions({ height, width }: MapSize, channels: number): tf.Tensor2D {
  const half = channels / 2;
  const [rows, columns] = [waves(height, half), waves(width, half)];
  const values = new Float32Array(height * width * channels);
  for (let place = 0; place < height * width; place++) {
    const [row, column] = [Math.floor(place / width), place % width];
    values.set(rows.subarray(row * half, (row + 1) * half), place * channels);
    values.set(columns.subarray(column * half, (column + 1) * half), place * channels + half);
  }
  return tf.tensor2d(values, [height * width, channels]);
}

/** [n, channels]: sine and cosine in turn, of waves that are ever longer; a whole side is 2π of the shortest. */
function waves(n: number, channels: number): Float32Array {
  return Float32Array.from({ length: n * channels }, (_, i) => {
    const [place, channel] = [Math.floor(i / channels), i % channels];
    const angle = (2 * Math.PI * (place + 1)) / n;
    const slowed = angle / TEMPERATURE ** ((2 * Math.floor(channel / 2)) / channels);
    return channel % 2 === 0 ? Math.sin(slowed) : Math.cos(slowed);
  });
}
