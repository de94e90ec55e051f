/**
 * Training steps of the dense detector (feature pyramid, towers shared over levels, focal, GIoU and centre-ness losses; SGD with momentum)
 * on our engines beside PyTorch, from maps and targets in memory. Each in a process of its own; they take turns; medians of rounds.
 * Usage: pnpm run bench detector [--rounds 9] [--engines onnxruntime,tensorflow] [--batch 4] [--side 64] [--width 128] [--layers 4]
 *   [--channels 128,256,256] [--classes 20] [--python PYTHON]; side is the finest map's, each next one has half of it, one more follows.
 */
import { parseArgs } from "node:util";
import { besideOptions, besidePyTorch } from "./parts/beside-pytorch.mjs";

const { values: options } = parseArgs({
  options: {
    ...besideOptions,
    batch: { type: "string", default: "4" },
    side: { type: "string", default: "64" },
    width: { type: "string", default: "128" },
    layers: { type: "string", default: "4" },
    channels: { type: "string", default: "128,256,256" },
    classes: { type: "string", default: "20" },
  },
});
const shapes = {
  batch: Number(options.batch),
  side: Number(options.side),
  width: Number(options.width),
  layers: Number(options.layers),
  channels: options.channels.split(",").map(Number),
  classes: Number(options.classes),
};
await besidePyTorch({ ...options, ours: "detector-step.mjs", theirs: "pytorch_detector.py", shapes });
