/**
 * What a kernel is here: a function that records. Kernels of one kind share a file in `kernels/`; every file has a line in `registry.ts`.
 *
 * ```ts
 * export const elu = kernel<EluInputs, EluAttrs>("Elu", (graph, { x }) => elementwise(graph, [x], "Elu"));
 * ```
 */
import type { KernelConfig, TensorInfo } from "@tensorflow/tfjs-core";
import type { OnnxRuntimeBackend } from "./backend.js";
import type { Recorder } from "./graph/recorder.js";

export interface Kernel {
  readonly name: string;
  readonly run: (
    graph: Recorder,
    inputs: never,
    attributes: never,
    backend: OnnxRuntimeBackend,
  ) => TensorInfo | TensorInfo[];
}

/** Names a kernel and types what it is given: the interfaces NAMEInputs and NAMEAttrs of tfjs-core. */
export function kernel<Inputs, Attributes = object>(
  name: string,
  run: (
    graph: Recorder,
    inputs: Inputs,
    attributes: Attributes,
    backend: OnnxRuntimeBackend,
  ) => TensorInfo | TensorInfo[],
): Kernel {
  return { name, run: run as Kernel["run"] };
}

/** A kernel as TensorFlow.js registers it. */
export function configOf({ name, run }: Kernel, backendName: string): KernelConfig {
  return {
    kernelName: name,
    backendName,
    kernelFunc({ inputs, attrs, backend }) {
      const own = backend as OnnxRuntimeBackend;
      own.beforeKernel();
      for (const input of Object.values(inputs)) own.adopt(input);
      return run(own.recorder, inputs as never, (attrs ?? {}) as never, own);
    },
  };
}
