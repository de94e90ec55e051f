/** How an adapter was trained, in words, completely enough to do it again. */
import { inWords, spaced } from "../protocol.js";
import { type DenseSettings, denseRecipe, mapsKept } from "./settings.js";

/** @param adapter such as "fcos detector" */
export function denseProtocol(adapter: string, settings: DenseSettings, engine: string): string {
  const { optimizer, learningRate, schedule, duration, batch, seed: _, ...more } = denseRecipe(settings, 0);
  const extra = Object.entries(more).map(([name, value]) => `${spaced(name)} ${inWords(value)}`);
  const learning = [
    `${inWords(optimizer)}, learning rate ${learningRate}, ${inWords(schedule)} schedule`,
    inWords(duration),
    `batch ${batch}`,
    ...extra,
    `engine ${engine}`,
  ];
  return [adapter, backboneInWords(settings), viewsInWords(settings), learning.join(", ")].join("; ");
}

/** The name of a row in a table. */
export function backboneName({ backbone }: DenseSettings): string {
  const names = {
    frozen: "frozen backbone",
    feedback: "DifFeed, frozen backbone",
    tuned: "fine-tuned",
    random: "random weights",
    pixels: "raw pixels",
  } as const;
  return names[backbone];
}

function backboneInWords(settings: DenseSettings): string {
  const { backbone, blocks, feedbackBlocks, feedbackModule, trainedBlocks, backboneRate, layerDecay } =
    settings;
  const deepest = Math.max(...blocks);
  const fedBack = feedbackBlocks ? `blocks ${feedbackBlocks.join(", ")}` : "the taps' output blocks";
  const which = trainedBlocks === "all" ? "all blocks" : `last ${trainedBlocks} blocks`;
  const kinds = {
    frozen: "backbone frozen",
    feedback: `backbone frozen, taps read in pass 2, feedback from ${fedBack} through ${feedbackModule}`,
    tuned: `${which} up to ${deepest} trained, learning rate ${backboneRate}, ×${layerDecay} per block away from it`,
    random: "a network of random weights, frozen",
    pixels: "no network: the image in patches as large as the taps' cells",
  } as const;
  return kinds[backbone];
}

function viewsInWords(settings: DenseSettings): string {
  const { canvas, fit, scale, flip, colours, tapScales, keptViews } = settings;
  const kept = mapsKept(settings);
  const views = [
    ...(scale[0] !== 1 || scale[1] !== 1 ? [`scaled by ${scale[0]} to ${scale[1]}`] : []),
    ...(flip > 0 ? [`${100 * flip} % mirrored`] : []),
    ...(colours > 0 ? [`colours changed by up to ${100 * colours} %`] : []),
    ...(tapScales.some((each) => each !== 1) ? [`read at ${tapScales.join(" and ")} of that`] : []),
    ...(kept
      ? [
          `maps${keptViews > 1 ? ` of ${keptViews} views` : ""} computed once${kept === "float16" ? ", kept as float16" : ""}`,
        ]
      : []),
  ];
  const how = fit === "letterbox" ? "kept in shape" : "stretched";
  return [`images ${how} on ${canvas.height}×${canvas.width} pixels`, ...views].join(", ");
}
