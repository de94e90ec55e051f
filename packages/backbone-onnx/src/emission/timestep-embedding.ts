/** Sinusoids of the timestep: cosines, then sines, of t·exp(−ln 10000·i/half). */
import type { Value } from "@difftap/onnx-graph";
import type { Emitter } from "./emitter.js";

const LONGEST_PERIOD = 10_000;

/** [N] → [N, width]; an odd width ends in a zero. */
export function emitTimestepEmbedding(emitter: Emitter, timesteps: Value, width: number): Value {
  const { graph } = emitter;
  const half = Math.floor(width / 2);
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(LONGEST_PERIOD) * i) / half),
  );
  const column = emitter.reshape(timesteps, -1, 1);
  const angles = graph.node("Mul", [column, emitter.floats(frequencies, [1, half])]);
  const parts = [graph.node("Cos", [angles]), graph.node("Sin", [angles])];
  if (width % 2 === 1) parts.push(graph.node("Mul", [column, emitter.scalar(0)]));
  return graph.node("Concat", parts, { axis: 1 });
}
