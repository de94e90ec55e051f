/**
 * Training steps of the per-pixel segmenter (pyramid pooling, feature pyramid, fusion, cross-entropy at the label maps' size; SGD with
 * momentum) on our engines beside PyTorch, from maps in memory. Each in a process of its own; they take turns in one run; medians of rounds.
 * Usage: pnpm run bench pixel-decoder [--rounds 9] [--engines onnxruntime,tensorflow] [--batch 4] [--side 64] [--width 128]
 *   [--channels 128,256,256] [--image 256] [--classes 21] [--python PYTHON]; side is the finest map's, each next one has half of it.
 */
import { parseArgs } from "node:util";
import { besideOptions, besidePyTorch } from "./parts/beside-pytorch.mjs";

const { values: options } = parseArgs({
  options: {
    ...besideOptions,
    batch: { type: "string", default: "4" },
    side: { type: "string", default: "64" },
    width: { type: "string", default: "128" },
    channels: { type: "string", default: "128,256,256" },
    image: { type: "string", default: "256" },
    classes: { type: "string", default: "21" },
  },
});
const shapes = {
  batch: Number(options.batch),
  side: Number(options.side),
  width: Number(options.width),
  channels: options.channels.split(",").map(Number),
  image: Number(options.image),
  classes: Number(options.classes),
};
await besidePyTorch({
  ...options,
  ours: "pixel-decoder-step.mjs",
  theirs: "pytorch_pixel_decoder.py",
  shapes,
});
