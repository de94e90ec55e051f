/** Self-attention over the places of a map. */
import type { AttentionOrder } from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";
import { channelsFirst, channelsLast } from "./layout.js";

/** softmax(q·k / √width)·v per head; qkv [N, H, W, 3C] → [N, H, W, C]. */
export function attend(
  qkv: tf.Tensor,
  { heads, order }: { readonly heads: number; readonly order: AttentionOrder },
): tf.Tensor {
  const [batch, height, columns, triple] = qkv.shape as [number, number, number, number];
  const channels = triple / 3;
  const size = { batch, heads, width: channels / heads, places: height * columns };
  const [query, key, value] = split(channelsFirst(qkv), size, order);
  const scores = tf.matMul(tf.mul(query, size.width ** -0.5), key, true, false);
  const attended = tf.matMul(value, tf.softmax(scores), false, true);
  return channelsLast(tf.reshape(attended, [batch, channels, height, columns]));
}

interface AttentionSize {
  readonly batch: number;
  readonly heads: number;
  readonly width: number;
  readonly places: number;
}

/** [N, 3C, H, W] → query, key and value, each [N, heads, width, places]. */
function split(
  qkv: tf.Tensor,
  { batch, heads, width, places }: AttentionSize,
  order: AttentionOrder,
): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  const headsFirst = order === "split-heads-first";
  const shape = headsFirst ? [batch, heads, 3 * width, places] : [batch, 3 * heads, width, places];
  const parts = tf.split(tf.reshape(qkv, shape), 3, headsFirst ? 2 : 1);
  return parts as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
}
