/** Gradients and losses summed over all ranks: one message for everything. */
import { tf } from "@difftap/engine";
import type { Collective } from "@difftap/trainer";
import type { Gradients } from "./accumulate.js";

/** Reads the gradients of this rank, and gives the sums of all ranks; the given ones are disposed. */
export async function reduceGradients(gradients: Gradients, collective: Collective): Promise<Gradients> {
  const named = [...gradients];
  const own = await Promise.all(named.map(([, gradient]) => gradient.data()));
  const flat = new Float32Array(own.reduce((sum, { length }) => sum + length, 0));
  own.reduce((at, values) => {
    flat.set(values as Float32Array, at);
    return at + values.length;
  }, 0);
  collective.allReduce(flat);
  let at = 0;
  return new Map(
    named.map(([name, gradient]) => {
      const { shape, size } = gradient;
      const sums = flat.slice(at, at + size);
      at += size;
      gradient.dispose();
      return [name, tf.tensor(sums, shape)];
    }),
  );
}

/** The losses of a step's whole batch [3, batch], where each rank knows those in its own places. */
export function reduceLosses(losses: Float32Array, collective: Collective): Float32Array {
  collective.allReduce(losses);
  return losses;
}
