/** How fast the current backend multiplies matrices. */
import * as tf from "@tensorflow/tfjs-core";

const sides = [256, 512, 1024];

/** A matrix is grown while one product takes less than this, so that slow engines are measured in a second too. */
const growBelowMilliseconds = 100;

/** Billions of operations a second (2·n³ for n×n matrices) on the current backend, measured for `milliseconds`. */
export async function matmulRate(milliseconds = 1000): Promise<number> {
  for (const side of sides) {
    const product = multiplier(side);
    try {
      await product.once();
      const single = await product.once();
      if (single < growBelowMilliseconds && side !== sides.at(-1)) continue;
      return (2 * side ** 3) / (await average(product.once, milliseconds)) / 1e6;
    } finally {
      product.dispose();
    }
  }
  throw new Error("unreachable: the last side is always measured");
}

/** Two matrices and a function that multiplies them, reads the product, and gives the milliseconds that took. */
function multiplier(side: number) {
  const a = tf.randomUniform([side, side], -1, 1, "float32", 1);
  const b = tf.randomUniform([side, side], -1, 1, "float32", 2);
  const once = async () => {
    const started = performance.now();
    const product = tf.matMul(a, b);
    await product.data();
    product.dispose();
    return performance.now() - started;
  };
  return { once, dispose: () => tf.dispose([a, b]) };
}

async function average(once: () => Promise<number>, milliseconds: number): Promise<number> {
  let total = 0;
  let count = 0;
  while (total < milliseconds) {
    total += await once();
    count += 1;
  }
  return total / count;
}
