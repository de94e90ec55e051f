/**
 * Training steps of the dense detector on one of our engines. `node detector-step.mjs ENGINE SHAPES`, SHAPES as JSON; every line from
 * standard input asks for a step, a line of JSON answers with its time and loss.
 */
import { createDetector } from "../../../packages/detection/dist/index.js";
import { tf } from "../../../packages/engine/dist/index.js";
import { answerSteps, examplePyramid, startEngine } from "./engine-steps.mjs";

const [engine, shapes] = [process.argv[2], JSON.parse(process.argv[3])];
const { batch, side, width, layers, classes } = shapes;
await startEngine(engine);

/** Pixels between the cells of the finest map. */
const FINEST = 8;
const image = { height: FINEST * side, width: FINEST * side };
const { taps, maps } = examplePyramid(shapes);
const spec = { neck: { width, extraLevels: 1 }, layers };
const detector = createDetector({ detector: "fcos", spec, taps, image, classes, seed: 0 });
const locations = detector.targets([])["targets/labels"].data.length;
// Every twentieth location learns an object, as the PyTorch side has it.
const labels = Float32Array.from({ length: batch * locations }, (_, i) =>
  i % 20 === 0 ? (i / 20) % classes : -1,
);
const distances = Float32Array.from({ length: batch * locations * 4 }, (_, i) =>
  labels[i >> 2] < 0 ? 0 : 20 + 8 * Math.sin(i),
);
const features = {
  ...maps,
  "targets/labels": tf.tensor2d(labels, [batch, locations]),
  "targets/weights": tf.ones([batch, locations]),
  "targets/distances": tf.tensor3d(distances, [batch, locations, 4]),
  "targets/centreness": tf.tensor2d(
    labels.map((label) => (label < 0 ? 0 : 0.5)),
    [batch, locations],
  ),
};
const objective = () => tf.addN(Object.values(detector.objective(features, { training: true })));
await answerSteps(engine, { objective, variables: [...detector.variables.values()], learningRate: 0.001 });
