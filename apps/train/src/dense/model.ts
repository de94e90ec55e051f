/** A backbone and an adapter as one model with an objective of its own. */
import type { tf } from "@difftap/engine";
import type { HeadTap } from "@difftap/heads";
import type { ForwardOptions, ObjectiveModel } from "@difftap/trainer";
import type { DenseBackbone } from "./backbone.js";

type Features = Readonly<Record<string, tf.Tensor>>;

/** What detectors and segmenters have in common. */
export interface Adapter {
  readonly description: unknown;
  readonly inputs: readonly HeadTap[];
  readonly variables: ReadonlyMap<string, tf.Variable>;
  readonly buffers: ReadonlyMap<string, tf.Variable>;
  objective(features: Features, options: ForwardOptions): Readonly<Record<string, tf.Scalar>>;
  dispose(): void;
}

export interface DenseModel extends ObjectiveModel {
  /** Maps as in evaluation, beside what else the features hold. Called inside a tidy. */
  maps(features: Features): Features;
}

/** @param data what identifies the training images; part of the description */
export function denseModel(
  backbone: DenseBackbone,
  adapter: Adapter,
  data: Readonly<Record<string, unknown>>,
): DenseModel {
  const withMaps = (features: Features, how: ForwardOptions): Features => ({
    ...features,
    ...backbone.maps(features, how),
  });
  return {
    variables: new Map([...adapter.variables, ...backbone.variables]),
    buffers: new Map([...adapter.buffers, ...backbone.buffers]),
    description: { adapter: adapter.description, backbone: backbone.description, data },
    rateShares: backbone.rateShares,
    objective: (features, how) => adapter.objective(withMaps(features, how), how),
    maps: (features) => withMaps(features, { training: false }),
  };
}
