/** A noisy classifier of guided diffusion as a guide. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import {
  type ClassifierArchitecture,
  classifierPresets,
  missingWeightsFile,
  parseClassifier,
} from "@difftap/backbone";
import { createTfjsClassifier } from "@difftap/backbone-tfjs";
import { openWeights, weightsDigest } from "@difftap/checkpoint";
import { DifftapError } from "@difftap/core";
import type { GuideSource } from "./guide.js";
import { onArrays } from "./noisy-gradient.js";

/**
 * Opens a classifier's weights with their architecture: the file given, else NAME.json beside them, else that of the published file.
 * @param size side of the samples in pixels
 * @throws DifftapError FILE_MISSING, ARCHITECTURE_UNKNOWN, WEIGHTS_MISMATCH; CONFIG_INVALID for a classifier of other images' size.
 */
export async function openClassifierGuide(
  path: string,
  architectureFile: string | undefined,
  size: number,
): Promise<GuideSource> {
  if (!existsSync(path)) throw missingWeightsFile(path);
  const architecture = await architectureOf(path, architectureFile);
  checkSize(path, architecture, size);
  const weights = await openWeights(path);
  try {
    const classifier = await createTfjsClassifier({ architecture, weights });
    return {
      by: `classifier ${basename(path)}`,
      digest: await weightsDigest(path),
      classes: architecture.classes,
      gradient: onArrays(classifier.logProbabilityGradient),
      close: () => classifier.dispose(),
    };
  } finally {
    await weights.close();
  }
}

async function architectureOf(path: string, given: string | undefined): Promise<ClassifierArchitecture> {
  const name = basename(path, extname(path));
  const beside = path.slice(0, path.length - extname(path).length).concat(".json");
  const file = given ?? (existsSync(beside) ? beside : undefined);
  if (file !== undefined) return readClassifier(file);
  if (Object.hasOwn(classifierPresets, name)) return classifierPresets[name]!.architecture;
  throw new DifftapError("ARCHITECTURE_UNKNOWN", `the architecture of the classifier ${path} is not known`, {
    hint: `give --classifier-architecture, or put it at ${beside}; published: ${Object.keys(classifierPresets).join(", ")}`,
  });
}

async function readClassifier(file: string): Promise<ClassifierArchitecture> {
  try {
    return parseClassifier(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    if (cause instanceof DifftapError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new DifftapError(
      missing ? "FILE_MISSING" : "CONFIG_INVALID",
      `classifier architecture ${file}: ${(cause as Error).message}`,
      { hint: "give a JSON file with the reference's flags of the classifier", cause },
    );
  }
}

function checkSize(path: string, { imageSize }: ClassifierArchitecture, size: number): void {
  if (imageSize === size) return;
  throw new DifftapError(
    "CONFIG_INVALID",
    `${path} classifies images of ${imageSize} px, the samples have ${size}`,
    {
      hint: "a classifier guides images of the size it was trained on",
      details: { classifier: imageSize, samples: size },
    },
  );
}
