/** A model on the fast runtime. */
import { type BackboneRuntime, randomWeights } from "@difftap/backbone";
import { type OnnxBackbone, openOnnxBackbone } from "@difftap/backbone-onnx";
import { memoryWeights, type WeightSource } from "@difftap/checkpoint";
import type { Tensors } from "@difftap/trainer";
import { type Model, openModel } from "./model.js";

export interface RuntimeSettings {
  readonly weights: string;
  readonly architecture?: string | undefined;
  readonly workers?: number | undefined;
  /** Lets the network's own output be read, as one block more. */
  readonly fullOutput?: boolean;
  /** Tensors that take the place of those of the weights. */
  readonly tuned?: Tensors;
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
      weights: settings.tuned ? withTensors(model.source, settings.tuned) : model.source,
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

/** A source with some of its tensors replaced. */
function withTensors(source: WeightSource, tuned: Tensors): WeightSource {
  const own = memoryWeights(tuned);
  return {
    ...source,
    tensors: new Map([...source.tensors, ...own.tensors]),
    read: (name) => (own.tensors.has(name) ? own : source).read(name),
    close: () => source.close(),
  };
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
