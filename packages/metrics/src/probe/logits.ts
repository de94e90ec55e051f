/** Logits of a solved probe on any features. */
import { setImmediate } from "node:timers/promises";
import { DifftapError, type LongWork, type NdArray, ndarray, throwIfAborted } from "@difftap/core";
import * as ort from "onnxruntime-node";
import { checkFinite, type Matrix, matrixSize } from "../inputs.js";
import { logitsGraph } from "./graphs.js";
import type { SolvedProbe } from "./solved.js";

/** Multiply-adds between two turns of the event loop: about ten milliseconds. */
const WORK_PER_TURN = 1 << 26;

/**
 * Standardises features [n, d] with the training moments and multiplies: logits [n, classes] in float64.
 * @throws DifftapError USAGE_INVALID when the dimensions differ, NUMERIC for values that are not finite, INTERRUPTED.
 */
export async function probeLogits(
  model: SolvedProbe,
  features: Matrix,
  { signal }: LongWork = {},
): Promise<NdArray<"float64">> {
  const { rows, columns } = matrixSize(features, "features");
  if (columns !== model.dimensions) {
    throw new DifftapError(
      "USAGE_INVALID",
      `features have ${columns} dimensions, the probe ${model.dimensions}`,
      {
        hint: "a probe reads the tap and pool it was solved on",
      },
    );
  }
  checkFinite(features, "features");
  const session = await ort.InferenceSession.create(logitsGraph(model, features.dtype));
  try {
    return ndarray("float64", [rows, model.classes], await multiply(session, model, features, signal));
  } finally {
    await session.release();
  }
}

async function multiply(
  session: ort.InferenceSession,
  model: SolvedProbe,
  { data, dtype, shape }: Matrix,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const [rows, columns] = shape as [number, number];
  const constants = modelTensors(model);
  const logits = new Float64Array(rows * model.classes);
  const rowsPerTurn = Math.max(1, Math.floor(WORK_PER_TURN / (columns * model.classes)));
  for (let row = 0; row < rows; row += rowsPerTurn) {
    const end = Math.min(rows, row + rowsPerTurn);
    const part = data.subarray(row * columns, end * columns);
    const input = new ort.Tensor(dtype, part, [end - row, columns]) as ort.Tensor;
    const found = await session.run({ ...constants, features: input });
    logits.set(found.logits!.data as Float64Array, row * model.classes);
    await setImmediate();
    throwIfAborted(signal);
  }
  return logits;
}

function modelTensors({ mean, deviation, weights, bias, classes, dimensions }: SolvedProbe) {
  return {
    mean: new ort.Tensor("float64", mean, [dimensions]),
    deviation: new ort.Tensor("float64", deviation, [dimensions]),
    weights: new ort.Tensor("float64", weights, [classes, dimensions]),
    bias: new ort.Tensor("float64", bias, [classes]),
  };
}
