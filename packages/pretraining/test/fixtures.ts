/** Reference tensors where they are at hand. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const folder = process.env.DIFFTAP_FIXTURES ?? resolve(import.meta.dirname, "../../../../shared/fixtures");

export const schedulerTensors = resolve(folder, "scheduler/tensors.safetensors");
export const fixturesAreMissing = !existsSync(schedulerTensors);
/** For the name of what is skipped without them. */
export const fixturesNote = fixturesAreMissing ? " (skipped: DIFFTAP_FIXTURES is not there)" : "";
