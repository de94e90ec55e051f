/** A transformer decoder of learned queries (DETR, arXiv 2005.12872), whose features are learned as their positions are. */
import { createLayerNorm, joinParameters, normalVariable, type Parameters } from "@difftap/heads";
import * as tf from "@tensorflow/tfjs-core";
import { createQueryLayer, type Memory, type QueryLayerSize } from "./query-layer.js";

export interface QueryDecoderSize extends QueryLayerSize {
  readonly queries: number;
  readonly layers: number;
}

export interface QueryDecoder extends Parameters {
  /** The queries behind each layer, [N, Q, width], normed; the last is the result. */
  forward(memory: Memory): tf.Tensor3D[];
}

/** `NAME.features` and `NAME.positions` [Q, width] are learned, `NAME.layers.LAYER` its layers, `NAME.norm` the norm before results. */
export function createQueryDecoder(
  name: string,
  { queries, layers, ...size }: QueryDecoderSize,
): QueryDecoder {
  const { width, seed } = size;
  // As PyTorch draws embeddings.
  const learned = (part: string) => normalVariable(`${name}.${part}`, [queries, width], 1, seed);
  const [features, positions] = [learned("features"), learned("positions")];
  const stages = Array.from({ length: layers }, (_, index) =>
    createQueryLayer(`${name}.layers.${index}`, size),
  );
  const norm = createLayerNorm(`${name}.norm`, width);
  const variables = new Map([
    [`${name}.features`, features],
    [`${name}.positions`, positions],
  ]);
  return {
    ...joinParameters({ variables }, ...stages, norm),
    forward(memory) {
      // Added to zeros, not tiled: the gradient of a tiling is one slice per sample.
      let tokens = tf.add(tf.zeros([memory.tokens.shape[0], 1, 1]), features) as tf.Tensor3D;
      return stages.map((stage) => {
        tokens = stage.forward(tokens, positions, memory);
        return norm.forward(tokens);
      });
    },
  };
}
