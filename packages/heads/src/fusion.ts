/**
 * What the attention head and DifFormer are made of: a tokenizer per block, shared over timesteps, and one more for each further size of
 * images; for each timestep the tokens of all blocks and sizes behind one CLS token through one shared transformer; the CLS outputs,
 * timestep after timestep, to a Linear.
 * Source: arXiv 2311.17921, section 3; reference `AttentionFusion`, whose parameter names these are.
 */
import * as tf from "@tensorflow/tfjs-core";
import { z } from "zod";
import type { AttentionMap, ForwardOptions, HeadContext, HeadParts, Maps } from "./definition.js";
import { createLinear } from "./layers/linear.js";
import { mapNorms } from "./layers/map-norm.js";
import { positionKinds } from "./layers/positions.js";
import { createTokenizer, type Tokenizer } from "./layers/tokenizer.js";
import { createTransformer } from "./layers/transformer.js";
import { joinParameters } from "./parameters.js";
import { pooledSize } from "./pooling.js";
import { columnName, type TapGrid } from "./tap-grid.js";

/** The defaults are the paper's for ImageNet. */
export const fusionFields = {
  /** Tokens per side, at most; smaller maps keep their size. */
  pool: z.int().positive().default(16),
  norm: mapNorms.default("layer"),
  /** Not among the saved settings unless given, so that those of heads without stay what they were. */
  positions: positionKinds.optional(),
  /** Of a token. */
  width: z.int().positive().default(1024),
  heads: z.int().positive().default(8),
  /** Hidden units of the MLP over the width. */
  mlpRatio: z.number().positive().default(4),
  /** Transformer blocks. */
  layers: z.int().positive().default(2),
};

type FusionSpec = z.output<z.ZodObject<typeof fusionFields>>;

export function headsDivideWidth({ width, heads }: Pick<FusionSpec, "width" | "heads">): boolean {
  return width % heads === 0;
}

/** What to say where they do not. */
export const HEADS_DIVIDE_WIDTH = { path: ["heads"], message: "the number of heads has to divide the width" };

export const fusionSpec = z.strictObject(fusionFields).refine(headsDivideWidth, HEADS_DIVIDE_WIDTH);

export function createFusion(
  grid: TapGrid,
  { spec, classes, seed }: Pick<HeadContext<FusionSpec>, "spec" | "classes" | "seed">,
): HeadParts {
  const { columns, timesteps } = grid;
  const { pool, norm, width, positions } = spec;
  const size = { pool, norm, timesteps: timesteps.length, width, positions, seed };
  // A column that is read in both passes of a network has one tokenizer.
  const distinct = new Map(columns.map((column) => [columnName(column), column]));
  const tokenizers = new Map(
    [...distinct].map(([name, { at }]) => [
      name,
      createTokenizer(`pre_layer.${name}`, { tap: at(timesteps[0]!), ...size }),
    ]),
  );
  const transformer = createTransformer("intra_inter_block_attention", { ...spec, seed });
  const head = createLinear("head", { inputs: width * timesteps.length, outputs: classes, seed });
  const evaluation = { training: false };
  return {
    ...joinParameters(...tokenizers.values(), transformer, head),
    mapSizes: "any",
    forward(maps, options) {
      const outputs = transformer.forward(tokensOf(maps, grid, tokenizers, options));
      return head.forward(sideBySide(outputs, timesteps.length));
    },
    attentionMaps: (maps) =>
      splitAttention(transformer.attention(tokensOf(maps, grid, tokenizers, evaluation)), maps, grid, pool),
  };
}

/** By the names of the columns. */
type Tokenizers = ReadonlyMap<string, Tokenizer>;

/** [timesteps·N, tokens of all columns, width]: one pass of the transformer serves all timesteps. */
function tokensOf(
  maps: Maps,
  { columns, timesteps }: TapGrid,
  tokenizers: Tokenizers,
  options: ForwardOptions,
): tf.Tensor3D {
  const sequences = timesteps.map((timestep, index) => {
    const tokens = columns.map((column) => {
      const map = maps.get(column.at(timestep).name)!;
      return tokenizers.get(columnName(column))!.forward(map, { ...options, timestep: index });
    });
    return tf.concat(tokens, 1) as tf.Tensor3D;
  });
  return tf.concat(sequences, 0) as tf.Tensor3D;
}

/** [timesteps·N, width] → [N, timesteps·width]. */
function sideBySide(outputs: tf.Tensor2D, timesteps: number): tf.Tensor2D {
  const [rows, width] = outputs.shape;
  const batch = rows / timesteps;
  const turned = tf.transpose(tf.reshape(outputs, [timesteps, batch, width]), [1, 0, 2]);
  return tf.reshape(turned, [batch, timesteps * width]);
}

/** [timesteps·N, layers, heads, tokens of all columns] → for each tap its own. */
function splitAttention(
  weights: tf.Tensor4D,
  maps: Maps,
  { columns, timesteps }: TapGrid,
  pool: number,
): AttentionMap[] {
  return tf.split(weights, timesteps.length).flatMap((ofTimestep, index) => {
    const taps = columns.map(({ at }) => at(timesteps[index]!).name);
    const sizes = taps.map((tap) => {
      const [, , height, width] = maps.get(tap)!.shape;
      return pooledSize({ height, width }, pool);
    });
    const counts = sizes.map(({ height, width }) => height * width);
    const parts = tf.split(ofTimestep, counts, 3) as tf.Tensor4D[];
    return taps.map((tap, place) => ({ tap, ...sizes[place]!, weights: parts[place]! }));
  });
}
