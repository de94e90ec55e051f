/** The graph's inputs: x_t = signal·x_0 + sigma·noise, with pixels scaled to [−1, 1] on the way. */
import type { ImageSize } from "@difftap/backbone";
import { dataTypeNumber, type Value } from "@difftap/onnx-graph";
import type { Emitter } from "./emitter.js";

/** uint8 pixels become x/127.5 − 1; float32 is x_0 already. */
export type ImageType = "uint8" | "float32";

export interface GraphInputs {
  /** x_t, [batch, 3, H, W]. */
  readonly x: Value;
  readonly timesteps: Value;
  readonly labels: Value | undefined;
}

/**
 * Declares `images`, `noise` (of the images' shape, or [1, 1, 1, 1] zeros where there is none), `signal`, `sigma`
 * and `timesteps` (one each, or one per sample) and `labels` for class-conditional networks.
 */
export function emitInputs(
  emitter: Emitter,
  imageType: ImageType,
  size: ImageSize,
  options: { readonly shared: boolean; readonly labelled: boolean },
): GraphInputs {
  const { graph } = emitter;
  const rows = options.shared ? 1 : "batch";
  const images = graph.input("images", imageType, ["batch", 3, size.height, size.width]);
  const noise = graph.input("noise", "float32", ["noiseBatch", "noiseChannels", "noiseHeight", "noiseWidth"]);
  const coefficient = (name: string) => emitter.reshape(graph.input(name, "float32", [rows]), -1, 1, 1, 1);
  const signal = graph.node("Mul", [emitScaled(emitter, images, imageType), coefficient("signal")]);
  const x = graph.node("Add", [signal, graph.node("Mul", [noise, coefficient("sigma")])]);
  return {
    x: emitter.map(x, { channels: 3, ...size }),
    timesteps: graph.input("timesteps", "float32", [rows]),
    labels: options.labelled ? graph.input("labels", "int32", ["batch"]) : undefined,
  };
}

function emitScaled(emitter: Emitter, images: Value, imageType: ImageType): Value {
  if (imageType === "float32") return images;
  const { graph } = emitter;
  const pixels = graph.node("Cast", [images], { to: dataTypeNumber("float32") });
  return graph.node("Sub", [graph.node("Div", [pixels, emitter.scalar(127.5)]), emitter.scalar(1)]);
}
