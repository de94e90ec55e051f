/** `difftap-eval taps`: what can be read from a network, and what it costs. */
import { existsSync } from "node:fs";
import { type Architecture, blockTable, macsUpTo, presetFor } from "@difftap/backbone";
import { type CommandSpec, option, textTable, wholeNumber } from "@difftap/command-line";
import { modelOptions, openModel, readArchitecture } from "../compose/model.js";

const options = {
  ...modelOptions,
  size: option("<pixels>", "side of the images (default: that of training)", wholeNumber(1).optional()),
};

export const taps: CommandSpec<typeof options> = {
  name: "taps",
  about: "Lists every legal tap: block, channels, map size, and the cost of one image up to it",
  example: "difftap-eval taps --weights models/256x256_diffusion_uncond.pt",
  options,
  run: async (settings, { terminal, json }) => {
    const architecture = await architectureOf(settings);
    const side = settings.size ?? architecture.imageSize;
    const rows = tapRows(architecture, side);
    if (json) {
      terminal.data(`${JSON.stringify(rows, null, 2)}\n`);
      return;
    }
    const header = ["block", "kind", "channels", "map", "attention", "mirror", "GMAC"];
    const cells = rows.map((row) => [
      String(row.block),
      row.kind,
      String(row.channels),
      `${row.height}×${row.width}`,
      row.attention ? "yes" : "",
      row.mirror === null ? "" : String(row.mirror),
      row.gmac.toFixed(3),
    ]);
    terminal.data(textTable(header, cells));
  },
};

/** The table needs no weights when the architecture is known without them. */
async function architectureOf(settings: {
  weights: string;
  architecture?: string | undefined;
}): Promise<Architecture> {
  if (settings.architecture !== undefined) return readArchitecture(settings.architecture);
  const preset = existsSync(settings.weights) ? undefined : presetFor(settings.weights);
  if (preset !== undefined) return preset.architecture;
  const model = await openModel(settings);
  await model.source.close();
  return model.architecture;
}

function tapRows(architecture: Architecture, side: number) {
  const macs = macsUpTo(architecture, { height: side, width: side });
  return blockTable(architecture).map((block, index) => ({
    block: block.number,
    kind: block.kind,
    channels: block.channels,
    height: side / block.downsample,
    width: side / block.downsample,
    attention: block.attention,
    mirror: block.mirror,
    gmac: macs[index]! / 1e9,
  }));
}
