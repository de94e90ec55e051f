/** What to say when a checkpoint is not there. */
import { DifftapError, nearest } from "@difftap/core";
import { baseName, classifierPresets, presets, publishedFiles } from "./presets.js";

const BYTES_PER_PARAMETER = 4;

/**
 * The error for weights that are not at `path`. For a published file it says what to download, from which address
 * and where to put it. Nothing is downloaded, nothing is looked up: the caller has found the file missing.
 */
export function missingWeightsFile(path: string, cause?: unknown): DifftapError {
  const wanted = baseName(path);
  const file = publishedFiles.find((entry) => entry.file === wanted);
  return new DifftapError("FILE_MISSING", `there are no weights at ${path}`, {
    hint: file === undefined ? otherwise(wanted) : instructions(path, file.url),
    details: { path, ...(file === undefined ? {} : { url: file.url }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function instructions(path: string, url: string): string {
  const preset = [...Object.values(presets), ...Object.values(classifierPresets)].find(
    ({ file }) => file === baseName(path),
  );
  const size = preset === undefined ? "" : ` (${gigabytes(preset.parameters)} GB)`;
  return `download ${url}${size} and put it at ${path}, for example: curl -L -o "${path}" ${url}`;
}

/** Size of the file, near enough to know whether it fits the disk. */
function gigabytes(parameters: number): string {
  return `about ${((parameters * BYTES_PER_PARAMETER) / 1e9).toFixed(1)}`;
}

function otherwise(wanted: string): string {
  const names = publishedFiles.filter((entry) => entry.kind === "diffusion").map((entry) => entry.file);
  return `check the path; the nearest published file is ${nearest(wanted, names)}, of ${names.join(", ")}`;
}
