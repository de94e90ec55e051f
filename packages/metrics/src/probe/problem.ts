/** The regularised loss over one training set, and its minimum. Runs in the worker. */
import * as ort from "onnxruntime-node";
import { choleskyFactor, solveFactored } from "./cholesky.js";
import { gramGraph, lossGraph, type ProblemSize } from "./graphs.js";
import { type MinimizeOptions, type Minimum, minimize, type Objective } from "./lbfgs.js";
import type { SolveRequest, WorkerStart } from "./messages.js";

/** Factoring d×d takes d³/6 multiplications on one thread and holds d² doubles twice: ten seconds and 270 MB at 4,096. */
const MAX_PRECONDITIONED_DIMENSIONS = 4096;

export interface Problem {
  solve(request: SolveRequest, onIteration: MinimizeOptions["onIteration"]): Promise<Minimum>;
}

/** Prepares the graphs; features stay where they are and are read in place by every evaluation. */
export async function openProblem({ features, labels, size, threads }: WorkerStart): Promise<Problem> {
  const options: ort.InferenceSession.SessionOptions = threads > 0 ? { intraOpNumThreads: threads } : {};
  const session = await ort.InferenceSession.create(lossGraph(size), options);
  const data = {
    features: new ort.Tensor("float64", features, [size.rows, size.dimensions]),
    targets: new ort.Tensor("float64", oneHot(labels, size), [size.rows, size.classes]),
  };
  const gram = await scaledGram(data.features, size, options);
  return {
    solve({ l2, tolerance, maxIterations, start }, onIteration) {
      const objective = regularisedLoss(session, data, size, l2);
      const precondition = gram && preconditioner(gram, size, l2);
      const point = start ?? new Float64Array(size.classes * (size.dimensions + 1));
      return minimize(objective, point, {
        tolerance,
        maxIterations,
        ...(precondition && { precondition }),
        ...(onIteration && { onIteration }),
      });
    },
  };
}

function oneHot(labels: Int32Array, { rows, classes }: ProblemSize): Float64Array {
  const targets = new Float64Array(rows * classes);
  labels.forEach((label, row) => {
    targets[row * classes + label] = 1;
  });
  return targets;
}

/** Mean loss + l2·‖W‖²/2 of a point that holds W, then b. */
function regularisedLoss(
  session: ort.InferenceSession,
  data: Record<"features" | "targets", ort.Tensor>,
  { rows, dimensions, classes }: ProblemSize,
  l2: number,
): Objective {
  const count = classes * dimensions;
  return async (point, gradient) => {
    const found = await session.run({
      ...data,
      weights: new ort.Tensor("float64", point.subarray(0, count), [classes, dimensions]),
      bias: new ort.Tensor("float64", point.subarray(count), [classes]),
    });
    const values = (name: string) => found[name]!.data as Float64Array;
    gradient.set(values("weightsGradient"));
    gradient.set(values("biasGradient"), count);
    let squares = 0;
    for (let i = 0; i < gradient.length; i++) {
      gradient[i]! /= rows;
      if (i >= count) continue;
      gradient[i]! += l2 * point[i]!;
      squares += point[i]! ** 2;
    }
    return values("loss")[0]! / rows + (l2 / 2) * squares;
  };
}

/** XᵀX / (n·K): the Hessian of one class's weights where all probabilities are equal, as they are at the start. */
async function scaledGram(
  features: ort.Tensor,
  { rows, dimensions, classes }: ProblemSize,
  options: ort.InferenceSession.SessionOptions,
): Promise<Float64Array | undefined> {
  if (dimensions > MAX_PRECONDITIONED_DIMENSIONS) return undefined;
  const session = await ort.InferenceSession.create(gramGraph(dimensions), options);
  const { gram } = await session.run({ features });
  await session.release();
  const scaled = gram!.data as Float64Array;
  for (let i = 0; i < scaled.length; i++) scaled[i]! /= rows * classes;
  return scaled;
}

/** Divides each class's weights by (XᵀX / (n·K) + l2): what makes the solution take tens of steps, not hundreds. */
function preconditioner(
  gram: Float64Array,
  { dimensions, classes }: ProblemSize,
  l2: number,
): MinimizeOptions["precondition"] {
  const factor = choleskyFactor(gram, dimensions, l2);
  if (!factor) return undefined;
  return (vector) => {
    solveFactored(factor, dimensions, vector.subarray(0, classes * dimensions));
    for (let i = classes * dimensions; i < vector.length; i++) vector[i]! *= classes;
  };
}
