/** Tensors already in memory, as a weight source: generated weights, tests. */
import type { NdArray } from "@difftap/core";
import { unknownTensor } from "./refuse.js";
import type { WeightSource } from "./weights.js";

/** A source over `tensors`; `read` gives the very arrays that were passed in. */
export function memoryWeights(
  tensors: Readonly<Record<string, NdArray>>,
  metadata: Readonly<Record<string, string>> = {},
): WeightSource {
  const arrays = new Map(Object.entries(tensors));
  const infos = [...arrays].map(([name, { dtype, shape }]) => [name, { name, dtype, shape }] as const);
  return {
    path: "memory",
    tensors: new Map(infos),
    metadata,
    async read(name) {
      const array = arrays.get(name);
      if (!array) throw unknownTensor("memory", name, arrays.keys());
      return array;
    },
    async close() {},
  };
}
