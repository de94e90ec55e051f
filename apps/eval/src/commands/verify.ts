/** `difftap-eval verify`: does this network compute what the reference computes, block by block? */
import { existsSync } from "node:fs";
import { type OnnxBackbone, openOnnxBackbone } from "@difftap/backbone-onnx";
import { openWeights, type WeightSource } from "@difftap/checkpoint";
import { type CommandSpec, finiteNumber, option, textTable } from "@difftap/command-line";
import { DifftapError, type NdArray, ndarray, toFloat32 } from "@difftap/core";
import { z } from "zod";
import { modelOptions, openModel } from "../compose/model.js";

const options = {
  ...modelOptions,
  expected: option(
    "<file>",
    "safetensors with x, timesteps, y and block.01 … block.NN, out",
    z.string().min(1),
  ),
  tolerance: option(
    "<number>",
    "largest difference over the expected tensor's standard deviation",
    finiteNumber(0).default(1e-4),
  ),
};

interface BlockError {
  readonly tensor: string;
  readonly error: number;
}

export const verify: CommandSpec<typeof options> = {
  name: "verify",
  about: "Compares every block's output with expected tensors; the largest error comes last",
  example:
    "difftap-eval verify --weights model.pt --architecture architecture.json --expected expected.safetensors",
  options,
  run: async (settings, { terminal, json }) => {
    if (!existsSync(settings.expected)) {
      throw new DifftapError("FILE_MISSING", `there are no expected tensors at ${settings.expected}`);
    }
    const errors = await compare(settings);
    const sorted = errors.toSorted((a, b) => a.error - b.error);
    const worst = sorted.at(-1)!;
    const ok = worst.error <= settings.tolerance;
    if (json)
      terminal.data(`${JSON.stringify({ ok, tolerance: settings.tolerance, errors: sorted }, null, 2)}\n`);
    else
      terminal.data(
        textTable(
          ["tensor", "error"],
          sorted.map(({ tensor, error }) => [tensor, error.toExponential(2)]),
        ),
      );
    if (ok) return;
    throw new DifftapError(
      "TOLERANCE_EXCEEDED",
      `${worst.tensor} is off by ${worst.error.toExponential(2)}, above ${settings.tolerance}`,
      {
        hint: "check that the architecture's flags are those the weights were trained with",
      },
    );
  },
};

async function compare(settings: {
  weights: string;
  architecture?: string | undefined;
  expected: string;
}): Promise<BlockError[]> {
  const expected = await openWeights(settings.expected);
  const { architecture, source } = await openModel(settings);
  const runtime = await openOnnxBackbone({ architecture, weights: source, fullOutput: true });
  try {
    return await compareAll(runtime, expected);
  } finally {
    await runtime.close();
    await Promise.all([source.close(), expected.close()]);
  }
}

async function compareAll(runtime: OnnxBackbone, expected: WeightSource): Promise<BlockError[]> {
  const outputs = runtime.blocks.length + 1;
  const nameOf = (block: number) => (block === outputs ? "out" : `block.${String(block).padStart(2, "0")}`);
  const blocks = Array.from({ length: outputs }, (_, index) => index + 1).filter((block) =>
    expected.tensors.has(nameOf(block)),
  );
  const x = await readFloats(expected, "x");
  const [, , height, width] = x.shape as [number, number, number, number];
  const session = await runtime.prepare(
    blocks.map((block) => ({ block, pool: "map" as const })),
    { size: { height, width }, images: "float32" },
  );
  const labels = expected.tensors.has("y")
    ? Int32Array.from((await readFloats(expected, "y")).data)
    : undefined;
  const { data: fed } = await readFloats(expected, "timesteps");
  const found = await session.runNetwork({ x, timesteps: [...fed], labels });
  await session.close();
  return Promise.all(
    blocks.map(async (block, index) => ({
      tensor: nameOf(block),
      error: relativeError(found[index]!, await readFloats(expected, nameOf(block))),
    })),
  );
}

async function readFloats(source: WeightSource, name: string): Promise<NdArray<"float32">> {
  const array = await source.read(name);
  return ndarray("float32", array.shape, toFloat32(array));
}

/** Largest difference over the standard deviation of what was expected. */
function relativeError(found: NdArray<"float32">, expected: NdArray<"float32">): number {
  if (found.shape.join() !== expected.shape.join()) {
    throw new DifftapError(
      "TOLERANCE_EXCEEDED",
      `shape [${found.shape.join(", ")}] where [${expected.shape.join(", ")}] is expected`,
    );
  }
  const { data } = expected;
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  const largest = data.reduce(
    (most, value, index) => Math.max(most, Math.abs(value - found.data[index]!)),
    0,
  );
  return largest / Math.sqrt(variance);
}
