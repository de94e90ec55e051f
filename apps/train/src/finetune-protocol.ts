/** How a head and a backbone were fine-tuned, in words, completely enough to do it again. */

import type { Tuned } from "./finetune-results.js";
import { type FinetuneSettings, learningOf } from "./finetune-settings.js";
import { protocolOf } from "./protocol.js";
import { deepestBlock } from "./tuned-network.js";

export function tuningProtocol({ job, seeds, engine }: Tuned): string {
  const { settings, train } = job;
  const { description } = seeds[0]!.head;
  const learning = { ...learningOf(settings, 0), head: description.head };
  const { labelShare: share = 1, splitSeed, from } = settings;
  const images =
    share < 1
      ? `${percent(share)} of the labels (${train.indices.length} images, split seed ${splitSeed})`
      : `${train.indices.length} images`;
  const begun = from === undefined ? "fresh head" : `head of ${from}`;
  return [
    begun,
    backboneInWords(settings, deepestBlock(description.taps)),
    images,
    protocolOf(learning, engine),
  ].join("; ");
}

function backboneInWords(settings: FinetuneSettings, deepest: number): string {
  const { freeze, trainedBlocks, backboneRate, layerDecay, diffusionWeight, dropout } = settings;
  if (freeze) return "backbone frozen";
  const blocks =
    trainedBlocks === "all"
      ? `blocks 1 to ${deepest} and embeddings trained`
      : `last ${trainedBlocks} blocks up to ${deepest} trained`;
  const rate = `learning rate ${backboneRate} of block ${deepest}, ×${layerDecay} per block away from it`;
  const dropping = dropout > 0 ? `, dropout ${dropout}` : "";
  const diffusion =
    diffusionWeight > 0
      ? `, diffusion loss of weight ${diffusionWeight}, which trains all that follows too`
      : "";
  return `${blocks}, ${rate}${dropping}${diffusion}`;
}

const percent = (share: number) => `${Number((100 * share).toFixed(4))} %`;
