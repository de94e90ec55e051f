/** Attention over the places of a map. Maps stay [N, heads, width, places]: the products transpose, no node does. */
import type { AttentionOrder } from "@difftap/backbone";
import type { Value } from "@difftap/onnx-graph";
import { type Emitter, MICROSOFT } from "./emitter.js";

export function emitAttention(
  emitter: Emitter,
  qkv: Value,
  { heads, order }: { heads: number; order: AttentionOrder },
): Value {
  const { graph } = emitter;
  const shape = emitter.mapShape(qkv);
  const channels = shape.channels / 3;
  const width = channels / heads;
  const [q, k, v] =
    order === "split-heads-first" ? headsFirst(emitter, qkv, heads) : qkvFirst(emitter, qkv, heads);
  const alpha = { float: 1 / Math.sqrt(width) };
  const scores = graph.node("FusedMatMul", [q, k], { transA: 1, alpha }, MICROSOFT);
  const weights = graph.node("Softmax", [scores], { axis: -1 });
  const attended = graph.node("FusedMatMul", [v, weights], { transB: 1 }, MICROSOFT);
  return emitter.map(emitter.reshape(attended, 0, channels, shape.height, shape.width), {
    ...shape,
    channels,
  });
}

type Triple = [Value, Value, Value];

/** Channels are (head, qkv, width). */
function headsFirst(emitter: Emitter, qkv: Value, heads: number): Triple {
  const { channels, height, width } = emitter.mapShape(qkv);
  const byHead = emitter.reshape(qkv, 0, heads, channels / heads, height * width);
  return thirds(emitter, byHead, 2);
}

/** Channels are (qkv, head, width). */
function qkvFirst(emitter: Emitter, qkv: Value, heads: number): Triple {
  const { channels, height, width } = emitter.mapShape(qkv);
  const split = thirds(emitter, qkv, 1);
  return split.map((part) => emitter.reshape(part, 0, heads, channels / 3 / heads, height * width)) as Triple;
}

function thirds(emitter: Emitter, value: Value, axis: number): Triple {
  return emitter.graph.node("Split", [value], { axis, num_outputs: 3 }, { outputs: 3 }) as Triple;
}
