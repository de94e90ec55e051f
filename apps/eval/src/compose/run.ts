/** The run folder of a command: its settings and machine at the start, its results at the end. */
import { createRequire } from "node:module";
import { type Architecture, type BackboneRuntime, macsUpTo, parameterCount } from "@difftap/backbone";
import { describeEnvironment } from "@difftap/command-line";
import { createRunFolder, type ResultsInput } from "@difftap/run-folder";

const { version } = createRequire(import.meta.url)("@difftap/eval/package.json") as { version: string };

/** Makes or continues a run folder. */
export async function startRun(
  folder: string,
  config: Readonly<Record<string, unknown>>,
  runtime: string,
): Promise<void> {
  const environment = {
    ...describeEnvironment({ difftap: version, node: process.version }),
    engine: runtime,
  };
  await createRunFolder(folder, { config, environment });
}

/** What is known of a network without running it. */
export type NetworkFacts = Pick<BackboneRuntime, "architecture" | "blocks" | "weightsDigest">;

/** How results name a model. */
export function modelSummary(name: string, runtime: NetworkFacts): ResultsInput["model"] {
  const parameters = parameterCount(runtime.architecture);
  return {
    name,
    architecture: describe(runtime.architecture, parameters, runtime.blocks.length),
    weightsDigest: runtime.weightsDigest,
    parameters,
  };
}

/** "ADM U-Net, 2.9 M parameters, 13 blocks, 32 px": enough to recognise a model by. */
function describe(architecture: Architecture, parameters: number, blocks: number): string {
  return `ADM U-Net, ${(parameters / 1e6).toFixed(1)} M parameters, ${blocks} blocks, ${architecture.imageSize} px`;
}

/** Place and cost of the given blocks, for the axis of a heat map. */
export function gridBlocks(
  { architecture, blocks }: Pick<NetworkFacts, "architecture" | "blocks">,
  numbers: readonly number[],
  size: number,
) {
  const macs = macsUpTo(architecture, { height: size, width: size });
  return numbers.map((number) => {
    const { kind, channels, downsample } = blocks[number - 1]!;
    return { kind, channels, side: size / downsample, gmac: macs[number - 1]! / 1e9 };
  });
}
