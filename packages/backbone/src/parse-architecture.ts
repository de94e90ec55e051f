/**
 * Reads an architecture file.
 *
 * ```ts
 * import { parseArchitecture } from "@difftap/backbone";
 *
 * const architecture = parseArchitecture(JSON.parse(await readFile("architecture.json", "utf8")));
 * ```
 */
import { type Architecture, checkArchitecture } from "./architecture.js";
import { architectureFromFlags } from "./flags.js";

/**
 * Reads an architecture in either form: this package's JSON, or the reference's `{ flags, diffusion }`.
 * @throws DifftapError CONFIG_INVALID naming every unknown key and wrong value.
 */
export function parseArchitecture(json: unknown): Architecture {
  if (typeof json === "object" && json !== null && "flags" in json) return architectureFromFlags(json);
  return checkArchitecture(json);
}
