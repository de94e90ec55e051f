/** Non-maximum suppression: how many boxes are left depends on the data, so they are chosen here, by tfjs-core's own code. */
import {
  kernel_impls,
  type NonMaxSuppressionV3Attrs,
  type NonMaxSuppressionV4Attrs,
  type NonMaxSuppressionV5Attrs,
  type TensorInfo,
} from "@tensorflow/tfjs-core";
import type { OnnxRuntimeBackend } from "../backend.js";
import type { Recorder } from "../graph/recorder.js";
import { type Kernel, kernel } from "../kernel.js";

interface Boxes {
  readonly boxes: TensorInfo;
  readonly scores: TensorInfo;
}

function read(backend: OnnxRuntimeBackend, { boxes, scores }: Boxes): [Float32Array, Float32Array] {
  return [backend.readSync(boxes.dataId) as Float32Array, backend.readSync(scores.dataId) as Float32Array];
}

function chosen(graph: Recorder, indices: readonly number[]): TensorInfo {
  return graph.written(Int32Array.from(indices), [indices.length], "int32");
}

export const suppressionKernels: readonly Kernel[] = [
  kernel<Boxes, NonMaxSuppressionV3Attrs>(
    "NonMaxSuppressionV3",
    (graph, inputs, { maxOutputSize, iouThreshold, scoreThreshold }, backend) => {
      const { selectedIndices } = kernel_impls.nonMaxSuppressionV3Impl(
        ...read(backend, inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
      );
      return chosen(graph, selectedIndices);
    },
  ),
  kernel<Boxes, NonMaxSuppressionV4Attrs>(
    "NonMaxSuppressionV4",
    (graph, inputs, { maxOutputSize, iouThreshold, scoreThreshold, padToMaxOutputSize }, backend) => {
      const { selectedIndices, validOutputs } = kernel_impls.nonMaxSuppressionV4Impl(
        ...read(backend, inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
        padToMaxOutputSize,
      );
      return [chosen(graph, selectedIndices), graph.written(Int32Array.of(validOutputs!), [], "int32")];
    },
  ),
  kernel<Boxes, NonMaxSuppressionV5Attrs>(
    "NonMaxSuppressionV5",
    (graph, inputs, { maxOutputSize, iouThreshold, scoreThreshold, softNmsSigma }, backend) => {
      const { selectedIndices, selectedScores } = kernel_impls.nonMaxSuppressionV5Impl(
        ...read(backend, inputs),
        maxOutputSize,
        iouThreshold,
        scoreThreshold,
        softNmsSigma,
      );
      const scores = Float32Array.from(selectedScores!);
      return [chosen(graph, selectedIndices), graph.written(scores, [scores.length], "float32")];
    },
  ),
];
