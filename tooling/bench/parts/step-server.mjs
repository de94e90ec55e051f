/**
 * One engine in a process of its own: reads a step's name from standard input, runs it once, answers with one JSON line. What is asked
 * for first is built and warmed up. `node step-server.mjs ENGINE`, ENGINE one of ours, or "bare": ONNX Runtime by itself.
 */
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const engine = process.argv[2];
const repository = fileURLToPath(new URL("../../../", import.meta.url));
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const run = engine === "bare" ? await bareRuns() : await engineRuns();
answer({ ready: engine });
for await (const name of createInterface({ input: process.stdin })) answer(await run(name));
process.exit(0);

async function engineRuns() {
  const { selectEngine, tf } = await import("../../../packages/engine/dist/index.js");
  const from = process.env.DIFFTAP_TENSORFLOW ?? `${repository}.cache/tfjs-node`;
  await selectEngine(engine, { from });
  const load = createRequire(`${repository}packages/engine/package.json`);
  const layers = load("@tensorflow/tfjs-layers");
  const { convolutionStep, layersEpoch, transformerStep } = await import("./steps.mjs");
  const build = {
    transformer: () => transformerStep(tf),
    convolution: () => convolutionStep(tf),
    layers: () => layersEpoch(tf, layers),
  };
  const steps = new Map();
  const statistics = () => tf.backend().statistics;
  return async (name) => {
    if (!steps.has(name)) steps.set(name, build[name]());
    const step = steps.get(name);
    const before = statistics();
    const started = performance.now();
    const value = await step.run();
    const milliseconds = performance.now() - started;
    const after = statistics();
    return {
      milliseconds,
      value,
      gigaflop: step.gigaflop,
      ...(after && {
        outside: milliseconds - (after.runMilliseconds - before.runMilliseconds),
        compiled: after.compilations - before.compilations,
        compileMilliseconds: after.compileMilliseconds - before.compileMilliseconds,
        graphs: after.graphs,
      }),
    };
  };
}

/** A product of 1024×1024 matrices, and a 3×3 convolution of the step's size, as ONNX Runtime runs them alone. */
async function bareRuns() {
  const load = createRequire(`${repository}packages/tfjs-onnxruntime/package.json`);
  const { InferenceSession, Tensor } = load("onnxruntime-node");
  const { createGraph } = await import("../../../packages/onnx-graph/dist/index.js");
  const single = async (type, shapes, output, attributes) => {
    const graph = createGraph({ name: type });
    const inputs = shapes.map((shape, index) => graph.input(`x${index}`, "float32", shape));
    graph.output(graph.node(type, inputs, attributes), "y", "float32", output);
    const session = await InferenceSession.create(graph.encode(), { graphOptimizationLevel: "all" });
    const feeds = Object.fromEntries(
      shapes.map((shape, index) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).map(
          (_, i) => ((i * 7919) % 1000) / 1000 - 0.5,
        );
        return [`x${index}`, new Tensor("float32", data, shape)];
      }),
    );
    return () => session.run(feeds);
  };
  const image = [16, 128, 32, 32];
  const steps = {
    transformer: {
      run: await single(
        "MatMul",
        [
          [1024, 1024],
          [1024, 1024],
        ],
        [1024, 1024],
      ),
      gigaflop: (2 * 1024 ** 3) / 1e9,
    },
    convolution: {
      run: await single("Conv", [image, [128, 128, 3, 3]], image, {
        kernel_shape: [3, 3],
        pads: [1, 1, 1, 1],
      }),
      gigaflop: (2 * 16 * 32 * 32 * 128 * 128 * 9) / 1e9,
    },
  };
  return async (name) => {
    const { run, gigaflop } = steps[name] ?? {};
    if (!run) return { milliseconds: null };
    const started = performance.now();
    await run();
    return { milliseconds: performance.now() - started, gigaflop };
  };
}
