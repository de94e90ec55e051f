/** Taps as a decoder reads them: each by itself standardised per channel, with channels last. */
import {
  createBatchNorm,
  type ForwardOptions,
  type HeadTap,
  joinParameters,
  type Maps,
  type Parameters,
} from "@difftap/heads";
import { z } from "zod";
import { toChannelsLast } from "./channels-last.js";

export const inputNorms = z.enum(["batch", "none"]);

export interface TapNorms extends Parameters {
  /** Maps [N, C, H, W] by tap → [N, H, W, C] by tap. @throws as batch norm does. */
  forward(maps: Maps, options: ForwardOptions): Maps;
}

/** `NAME.TAP` is the batch norm of the tap of that index, where there are norms. */
export function createTapNorms(
  name: string,
  taps: readonly HeadTap[],
  kind: z.output<typeof inputNorms>,
): TapNorms {
  const norms =
    kind === "none" ? [] : taps.map(({ channels }, index) => normOf(`${name}.${index}`, channels));
  return {
    ...joinParameters(...norms),
    forward(maps, options) {
      const read = taps.map((tap, index) => {
        const map = toChannelsLast(maps.get(tap.name)!);
        return [tap.name, norms[index]?.forward(map, options) ?? map] as const;
      });
      return new Map(read);
    },
  };
}

const normOf = (name: string, channels: number) => createBatchNorm(name, { channels, channelAxis: 3 });
