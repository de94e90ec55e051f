/** What the pools of noisy classifiers are made of. Tokens are maps of one column, [N, places, 1, C]. */
import type { Ops, PoolOps } from "@difftap/backbone";
import * as tf from "@tensorflow/tfjs-core";

export const poolOps: Omit<PoolOps<tf.Tensor>, keyof Ops<tf.Tensor>> = {
  relu: (x) => tf.relu(x),
  meanOverPlaces: (x) => tf.mean(x, [1, 2]),
  concatColumns: (values) => tf.concat([...values], 1),
  meanBeforePlaces(x) {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const places = tf.reshape(x, [batch, height * width, 1, channels]);
    return tf.concat([tf.mean(places, 1, true), places], 1);
  },
  addPositions(x, table) {
    const [, places, , channels] = x.shape as [number, number, number, number];
    return tf.add(x, tf.reshape(tf.transpose(table), [1, places, 1, channels]));
  },
  firstPlace(x) {
    const [batch, , , channels] = x.shape as [number, number, number, number];
    return tf.reshape(tf.slice(x, [0, 0, 0, 0], [-1, 1, -1, -1]), [batch, channels]);
  },
};
