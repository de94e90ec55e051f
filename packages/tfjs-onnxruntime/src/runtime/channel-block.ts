/**
 * ONNX Runtime convolves on a CPU fastest where channels lie in blocks: [N, C / block, …, block], with filters [K / block, C / block,
 * …, block of C, block of K]. It brings constant filters into that layout by itself. Filters that are trained are no constants, so this
 * backend writes the layout into its graphs, and has to know the block, which depends on the processor.
 */
import { createGraph } from "@difftap/onnx-graph";
import { type InferenceSession, Tensor } from "onnxruntime-node";

/** Operator set of the layout; ONNX Runtime writes it into models that it has optimised. */
export const BLOCKED = "com.microsoft.nchwc";

/** More than any processor's block. */
const CHANNELS = 64;

/** 1 where this runtime has no such layout. @param open makes a session of a model. */
export async function findChannelBlock(
  open: (model: Uint8Array) => Promise<InferenceSession>,
): Promise<number> {
  try {
    const session = await open(probe());
    // Channel c holds 2c and 2c + 1: behind the first block comes the second pixel of channel 0.
    const numbers = Float32Array.from({ length: 2 * CHANNELS }, (_, i) => i);
    const found = await session.run({ x: new Tensor("float32", numbers, [1, CHANNELS, 1, 2]) });
    const blocked = found[session.outputNames[0]!]!.data as Float32Array;
    await session.release();
    return Math.max(1, blocked.indexOf(1));
  } catch {
    return 1;
  }
}

function probe(): Uint8Array {
  const graph = createGraph({ name: "probe", opset: 21, domains: { [BLOCKED]: 1 } });
  const shape = [1, CHANNELS, 1, 2];
  const x = graph.input("x", "float32", shape);
  const y = graph.node("ReorderInput", [x], {}, { domain: BLOCKED });
  graph.expose(y, "float32", shape);
  return graph.encode();
}
