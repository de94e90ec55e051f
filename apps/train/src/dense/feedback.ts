/** DifFeed before an adapter: pass 1 comes from the fast runtime; feedback is trained through pass 2 of the frozen network. */
import type { TrainedFeedback } from "@difftap/backbone";
import { type Model, openMapReader } from "@difftap/eval";
import { createFeedback, type Feedback, type FeedbackRequest } from "@difftap/heads";
import { type OpenNetwork, openNetwork } from "../head-network.js";
import type { DenseBackbone } from "./backbone.js";
import type { FrozenOptions } from "./frozen.js";

export interface FeedbackOptions extends FrozenOptions {
  readonly model: Model;
  /** Of the images. */
  readonly size: { readonly height: number; readonly width: number };
  readonly feedback: Pick<TrainedFeedback, "blocks" | "module">;
  /** Of the modules' first weights. */
  readonly seed: number;
}

/** The adapter reads the taps in pass 2. @throws DifftapError REQUEST_INVALID for blocks without a mirror. */
export async function feedbackBackbone(options: FeedbackOptions): Promise<DenseBackbone> {
  const { runtime, model, taps, size, feedback, seed } = options;
  const network = await openNetwork(model, size);
  const modules = feedbackOf({ feedback, taps, network, seed });
  const reader = openMapReader({ runtime, taps: modules.needed });
  return {
    taps: modules.taps,
    inputs: modules.needed,
    variables: modules.variables,
    buffers: modules.buffers,
    description: { kind: "feedback", weights: runtime.weightsDigest, feedback },
    read: reader.read,
    maps: (features, how) => modules.run(features, how),
    async close() {
      for (const variable of [...modules.variables.values(), ...modules.buffers.values()]) variable.dispose();
      network.dispose();
      await reader.close();
    },
  };
}

/** The network does not outlive a request that is refused. */
function feedbackOf(request: FeedbackRequest & { readonly network: OpenNetwork }): Feedback {
  try {
    return createFeedback(request);
  } catch (error) {
    request.network.dispose();
    throw error;
  }
}
