/** Small networks that between them have every layer of the family. */
import { type Architecture, parseArchitecture, randomWeights } from "@difftap/backbone";

const base = {
  imageSize: 16,
  modelChannels: 32,
  residualBlocks: 1,
  channelMultipliers: [1, 2],
  attentionResolutions: [8],
  heads: 4,
  headChannels: -1,
  headsUpsample: -1,
  scaleShiftNorm: true,
  resblockUpdown: false,
  newAttentionOrder: false,
  classes: null,
  learnSigma: true,
  dropout: 0.1,
  diffusion: { steps: 1000, schedule: "linear", rescaleTimesteps: false },
};

export const architectures: Readonly<Record<string, Architecture>> = {
  "scale-shift norm, separate resizing": parseArchitecture(base),
  "resizing residual layers, head channels": parseArchitecture({
    ...base,
    resblockUpdown: true,
    headChannels: 16,
  }),
  "class-conditional, added embedding, new attention order": parseArchitecture({
    ...base,
    classes: 7,
    scaleShiftNorm: false,
    newAttentionOrder: true,
    headsUpsample: 2,
    learnSigma: false,
  }),
  "class-conditional, scale-shift norm": parseArchitecture({ ...base, classes: 3, resblockUpdown: true }),
};

export const small: Architecture = architectures["scale-shift norm, separate resizing"]!;

/** Weights with nothing left at zero, so that every layer shows. */
export const weightsOf = (architecture: Architecture) =>
  randomWeights(architecture, 7, { zeroModules: "random" });
