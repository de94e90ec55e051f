/**
 * Training steps of the per-pixel segmenter on one of our engines. `node pixel-decoder-step.mjs ENGINE SHAPES`, SHAPES as JSON; every line
 * from standard input asks for a step, a line of JSON answers with its time and loss.
 */
import { tf } from "../../../packages/engine/dist/index.js";
import { createSegmenter, labelMapEntry } from "../../../packages/segmentation/dist/index.js";
import { answerSteps, examplePyramid, startEngine } from "./engine-steps.mjs";

const [engine, shapes] = [process.argv[2], JSON.parse(process.argv[3])];
const { batch, width, image, classes } = shapes;
await startEngine(engine);

const { taps, maps } = examplePyramid(shapes);
// Rows of a class each, the first one ignored.
const labels = Float32Array.from({ length: batch * image * image }, (_, i) => {
  const row = Math.floor(i / image) % image;
  return row === 0 ? 255 : row % classes;
});
const features = {
  ...maps,
  [labelMapEntry]: tf.tensor3d(labels, [batch, image, image]),
};
const request = { segmenter: "per-pixel", spec: { width }, taps, classes, ignore: 255, seed: 0 };
const segmenter = createSegmenter(request);
const objective = () => segmenter.objective(features, { training: true }).crossEntropy;
await answerSteps(engine, { objective, variables: [...segmenter.variables.values()], learningRate: 0.01 });
