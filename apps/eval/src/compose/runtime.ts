/** A model on the fast runtime. */
import { type BackboneRuntime, randomWeights } from "@difftap/backbone";
import { type OnnxBackbone, openOnnxBackbone } from "@difftap/backbone-onnx";
import { type Model, openModel } from "./model.js";

export interface RuntimeSettings {
  readonly weights: string;
  readonly architecture?: string | undefined;
  readonly workers?: number | undefined;
  /** Lets the network's own output be read, as one block more. */
  readonly fullOutput?: boolean;
}

/** Opens weights and hands model and runtime to `use`; closes both afterwards, whatever happens. */
export async function withRuntime<T>(
  settings: RuntimeSettings,
  use: (runtime: OnnxBackbone, model: Model) => Promise<T>,
): Promise<T> {
  const model = await openModel(settings);
  try {
    const runtime = await openOnnxBackbone({
      architecture: model.architecture,
      weights: model.source,
      fullOutput: settings.fullOutput ?? false,
      ...(settings.workers && { workers: settings.workers }),
    });
    try {
      return await use(runtime, model);
    } finally {
      await runtime.close();
    }
  } finally {
    await model.source.close();
  }
}

/** The same architecture with weights as they are before training, none of them zero. */
export async function withRandomWeights<T>(
  model: Model,
  options: { seed: number; workers?: number | undefined },
  use: (runtime: BackboneRuntime) => Promise<T>,
): Promise<T> {
  const runtime = await openOnnxBackbone({
    architecture: model.architecture,
    weights: randomWeights(model.architecture, options.seed, { zeroModules: "random" }),
    ...(options.workers && { workers: options.workers }),
  });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}
