/** DifFeed's second pass for whoever reads maps, such as a neck: taps are read in pass 2 of the frozen network. Method: "DifFeed". */
import { DifftapError } from "@difftap/core";
import type { ForwardOptions } from "./definition.js";
import { feedbackTaps, tapsOfColumns } from "./feedback-taps.js";
import type { HeadNetwork } from "./network.js";
import type { Parameters } from "./parameters.js";
import { createSecondPass } from "./second-pass.js";
import { type Features, type HeadTap, mapsOf } from "./tap.js";

export interface FeedbackRequest {
  /** Output blocks whose maps are fed back, each to its mirror, and the letters of the modules. */
  readonly feedback: { readonly blocks: readonly number[]; readonly module: string };
  /** Blocks × timesteps that are read, in pass 2. */
  readonly taps: readonly HeadTap[];
  readonly network: HeadNetwork;
  /** Decides the modules' first parameters. */
  readonly seed: number | bigint;
}

export interface Feedback extends Required<Parameters> {
  /** Whole maps of pass 1 that it is fed. */
  readonly needed: readonly HeadTap[];
  /** What it gives: the taps in pass 2. */
  readonly taps: readonly HeadTap[];
  /** Maps of pass 1 → the taps' maps in pass 2, by their names. Called inside a tidy. */
  run(features: Features, options: ForwardOptions): Features;
}

/**
 * @throws DifftapError REQUEST_INVALID for taps that are no grid of blocks × timesteps and for blocks without a mirror; CONFIG_INVALID
 * for a network that cannot resume, and for letters that are none.
 */
export function createFeedback({ feedback, taps, network, seed }: FeedbackRequest): Feedback {
  const { resume } = network;
  if (!resume) {
    throw new DifftapError("CONFIG_INVALID", "feedback needs a network that can resume in the middle", {
      hint: "give a network with `resume`",
    });
  }
  const chosen = feedbackTaps({ feedback, passes: { first: [] } }, taps, network);
  const pass = createSecondPass(chosen, { module: feedback.module, seed });
  const needed = tapsOfColumns(chosen.needed, chosen.timesteps);
  const read = tapsOfColumns(chosen.second, chosen.timesteps);
  return {
    variables: pass.variables,
    buffers: pass.buffers ?? new Map(),
    needed,
    taps: read,
    run(features, options) {
      const maps = pass.run(mapsOf(features, needed, "any"), resume, options);
      return Object.fromEntries(read.map(({ name }) => [name, maps.get(name)!]));
    },
  };
}
