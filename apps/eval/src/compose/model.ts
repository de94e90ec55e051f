/** From what a user names (a file, a published model, the embedded default) to weights with their architecture. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Architecture,
  checkWeights,
  inferArchitecture,
  missingWeightsFile,
  parseArchitecture,
  presetFor,
} from "@difftap/backbone";
import { openWeights, type WeightSource } from "@difftap/checkpoint";
import { option } from "@difftap/command-line";
import { DifftapError } from "@difftap/core";
import { z } from "zod";

/** The name under which the embedded default is asked for. */
export const EMBEDDED_MODEL = "scenes";

export const modelOptions = {
  weights: option(
    "<file>",
    'checkpoint, .pt or .safetensors; "scenes" is the embedded one',
    z.string().min(1).default(EMBEDDED_MODEL),
  ),
  architecture: option(
    "<file>",
    "architecture as JSON; not needed for published files, nor beside NAME.pt as NAME.json",
    z.string().min(1).optional(),
  ),
};

export interface Model {
  readonly name: string;
  readonly architecture: Architecture;
  readonly source: WeightSource;
}

/**
 * Opens weights and finds their architecture: the file given, else the embedded one, else NAME.json or
 * architecture.json beside the weights, else what the shapes and a published preset tell.
 * @throws DifftapError FILE_MISSING (with the address of a published file), ARCHITECTURE_UNKNOWN, WEIGHTS_MISMATCH.
 */
export async function openModel(settings: {
  weights: string;
  architecture?: string | undefined;
}): Promise<Model> {
  const embedded = settings.weights === EMBEDDED_MODEL;
  const path = embedded ? embeddedFile("weights.safetensors") : settings.weights;
  if (!existsSync(path)) throw missingWeightsFile(path);
  const source = await openWeights(path);
  try {
    const file =
      settings.architecture ?? (embedded ? embeddedFile("architecture.json") : besideWeights(path));
    const architecture = file === undefined ? inferArchitecture(source) : await readArchitecture(file);
    checkWeights(architecture, source);
    return { name: embedded ? "embedded scenes model" : basename(path), architecture, source };
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** An architecture from a JSON file of ours or of the reference's flags, or from the name of a published model. */
export async function readArchitecture(file: string): Promise<Architecture> {
  const preset = existsSync(file) ? undefined : presetFor(file);
  if (preset !== undefined) return preset.architecture;
  try {
    return parseArchitecture(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    if (cause instanceof DifftapError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DifftapError(
      missing ? "FILE_MISSING" : "CONFIG_INVALID",
      `architecture ${file}: ${(cause as Error).message}`,
      {
        hint: "give a JSON file with the reference's flags, or the name of a published model",
        cause,
      },
    );
  }
}

const embeddedFile = (name: string) => fileURLToPath(import.meta.resolve(`@difftap/model-scenes/${name}`));

function besideWeights(path: string): string | undefined {
  const named = join(dirname(path), `${basename(path, extname(path))}.json`);
  const shared = join(dirname(path), "architecture.json");
  if (presetFor(path) !== undefined) return existsSync(named) ? named : undefined;
  return [named, shared].find((file) => existsSync(file));
}
