/** The yardstick of extraction: the whole batch in one ONNX Runtime session with all cores, as one would write it by hand. */
import { createRequire } from "node:module";
import { emitUnet, loadWeights, WEIGHTS_LOCATION } from "../../../packages/backbone-onnx/dist/index.js";
import { openWeights } from "../../../packages/checkpoint/dist/index.js";

const ort = createRequire(new URL("../../../packages/backbone-onnx/package.json", import.meta.url))(
  "onnxruntime-node",
);

/** A function that runs the network on one batch of uint8 images [N, 3, H, W] with the same noise each time. */
export async function bareSession({ architecture, weights, taps, images, noise, timestep, cores }) {
  const source = await openWeights(weights);
  const { model, layout } = emitUnet({ architecture, taps });
  const session = await ort.InferenceSession.create(model, {
    externalData: [{ path: WEIGHTS_LOCATION, data: await loadWeights(layout, source) }],
    intraOpNumThreads: cores,
  });
  await source.close();
  const one = (value) => new ort.Tensor("float32", Float32Array.of(value), [1]);
  const feeds = {
    images: new ort.Tensor("uint8", images.data, images.shape),
    noise: new ort.Tensor("float32", noise.data, noise.shape),
    signal: one(0.98),
    sigma: one(0.2),
    timesteps: one(timestep),
  };
  return () => session.run(feeds);
}
