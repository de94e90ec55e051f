/**
 * DifFeed: decoder features of a first pass are fed back into the encoder, and a fusion head reads the second pass (and the first, where
 * asked for). Head and feedback modules are trained, through the frozen network. Method: "DifFeed".
 */
import { DifftapError } from "@difftap/core";
import { z } from "zod";
import { defineHead, type HeadParts, type Maps, type ReadMap } from "../definition.js";
import { type FeedbackTaps, feedbackTaps, tapsOfColumns } from "../feedback-taps.js";
import { createFusion, fusionFields, HEADS_DIVIDE_WIDTH, headsDivideWidth } from "../fusion.js";
import type { HeadNetwork } from "../network.js";
import { joinParameters, type Parameters } from "../parameters.js";
import { createSecondPass } from "../second-pass.js";
import type { HeadTap } from "../tap.js";

const blocks = z.array(z.int().positive());

const spec = z
  .strictObject({
    feedback: z.strictObject({
      /** Output blocks whose features are fed back, each to its mirror. */
      blocks: blocks.min(1),
      /** Letters of a module: see `feedbackLetters` of @difftap/backbone. */
      module: z.string().default("C_B_R"),
    }),
    /** Blocks that the head reads in each pass; in pass 2 all of its taps' unless given. */
    passes: z.strictObject({ first: blocks.default([]), second: blocks.min(1).optional() }).prefault({}),
    ...fusionFields,
  })
  .refine(headsDivideWidth, HEADS_DIVIDE_WIDTH);

export const diffeed = defineHead({
  name: "diffeed",
  spec,
  inputs({ spec: given, taps, network }) {
    const { timesteps, first, second, needed } = feedbackTaps(given, taps, checkNetwork(network));
    return tapsOfColumns(network!.resume ? [...needed, ...first] : [...first, ...second], timesteps);
  },
  build({ spec: given, taps, classes, seed, network }) {
    const { resume } = checkNetwork(network);
    const chosen = feedbackTaps(given, taps, network!);
    const { timesteps, first, second } = chosen;
    const origins = originsOf(chosen, taps);
    const secondPass = createSecondPass(chosen, { module: given.feedback.module, seed });
    const fusion = createFusion(
      { columns: [...first, ...second], timesteps },
      { spec: given, classes, seed },
    );
    const bothPasses = (maps: Maps, training: boolean): Maps => {
      if (resume) return secondPass.run(maps, resume, { training });
      if (training) throw untrainable();
      return maps;
    };
    return {
      ...joinParameters(secondPass, under("head", fusion)),
      mapSizes: "any",
      feedback: given.feedback,
      forward: (maps, options) => fusion.forward(bothPasses(maps, options.training), options),
      reads: [...origins.values()],
      attentionMaps: (maps) =>
        fusion.attentionMaps!(bothPasses(maps, false)).map((map) => ({ ...map, ...origins.get(map.tap)! })),
    };
  },
});

function checkNetwork(network: HeadNetwork | undefined): HeadNetwork {
  if (network) return network;
  throw new DifftapError(
    "CONFIG_INVALID",
    "the diffeed head feeds back into the network, and none was given",
    {
      hint: "train it straight from images, or hand createHead a `network`",
    },
  );
}

function untrainable(): DifftapError {
  return new DifftapError("CONFIG_INVALID", "the diffeed head was built to read features of both passes", {
    hint: "to train it, give a network that can resume in the middle",
  });
}

/** The same under `PREFIX.NAME`. */
function under(prefix: string, { variables, buffers = new Map() }: HeadParts): Required<Parameters> {
  const renamed = <T>(named: ReadonlyMap<string, T>) =>
    new Map([...named].map(([name, value]) => [`${prefix}.${name}`, value] as const));
  return { variables: renamed(variables), buffers: renamed(buffers) };
}

/** The tap and the pass of each map, by the fusion's name for it. */
function originsOf(
  { timesteps, first, second }: FeedbackTaps,
  taps: readonly HeadTap[],
): Map<string, ReadMap> {
  const columns = [
    ...first.map((column) => ({ column, pass: 1 as const })),
    ...second.map((column) => ({ column, pass: 2 as const })),
  ];
  return new Map(
    timesteps.flatMap((timestep) =>
      columns.map(({ column: { block, at }, pass }) => {
        const { name } = taps.find((tap) => tap.block === block && tap.timestep === timestep)!;
        return [at(timestep).name, { tap: name, pass }] as const;
      }),
    ),
  );
}
