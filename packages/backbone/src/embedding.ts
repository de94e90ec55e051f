/** The embedding of timesteps and classes that every residual layer receives. */
import type { Architecture } from "./architecture.js";
import type { Ops, WeightAccess } from "./ops.js";

interface Conditions<T> {
  readonly timesteps: T;
  readonly labels?: T | undefined;
}

/** Gives the embedding [N, 4·modelChannels] after the SiLU that every residual layer begins with; computed on first use. */
export function sharedEmbedding<T>(
  ops: Ops<T>,
  architecture: Pick<Architecture, "modelChannels">,
  weights: WeightAccess<T>,
  conditions: Conditions<T>,
): () => T {
  let held: { readonly value: T } | undefined;
  return () => {
    held ??= { value: embed(ops, architecture, weights, conditions) };
    return held.value;
  };
}

function embed<T>(
  ops: Ops<T>,
  { modelChannels }: Pick<Architecture, "modelChannels">,
  weights: WeightAccess<T>,
  { timesteps, labels }: Conditions<T>,
): T {
  const linear = (prefix: string, x: T): T =>
    ops.linear(x, weights.weight(`${prefix}.weight`), weights.weight(`${prefix}.bias`));
  const sinusoids = ops.timestepEmbedding(timesteps, modelChannels);
  const time = linear("time_embed.2", ops.silu(linear("time_embed.0", sinusoids)));
  if (labels === undefined) return ops.silu(time);
  return ops.silu(ops.add(time, ops.embedding(labels, weights.weight("label_emb.weight"))));
}
