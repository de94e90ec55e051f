/** The architecture that is pretrained: from a file, from JSON as it is, or by the name of a published model. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Architecture, parseArchitecture, presets } from "@difftap/backbone";
import { DifftapError } from "@difftap/core";
import type { BackboneSettings } from "./backbone-settings.js";

/** @throws DifftapError CONFIG_INVALID naming every wrong field, FILE_MISSING. */
export async function architectureOf({ architecture, dropout }: BackboneSettings): Promise<Architecture> {
  const found =
    typeof architecture === "string" ? await fromText(architecture) : parseArchitecture(architecture);
  return dropout === undefined ? found : parseArchitecture({ ...found, dropout });
}

async function fromText(text: string): Promise<Architecture> {
  if (text.trimStart().startsWith("{")) return parseArchitecture(parsed("--architecture", text));
  if (existsSync(text)) return parseArchitecture(parsed(text, await readFile(text, "utf8")));
  const preset = Object.hasOwn(presets, text) ? presets[text] : undefined;
  if (preset !== undefined) return preset.architecture;
  throw new DifftapError("FILE_MISSING", `architecture ${text} is no file and no published model`, {
    hint: `published: ${Object.keys(presets).join(", ")}; or give a JSON file with the reference's flags`,
    details: { architecture: text },
  });
}

function parsed(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DifftapError("CONFIG_INVALID", `${where} is no JSON: ${(cause as Error).message}`, { cause });
  }
}
