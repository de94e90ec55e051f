/** The part `components`: maps of some images in the colours of their first three principal components. */
import { type NdArray, ndarray } from "@difftap/core";
import { componentColours, principalComponents, projectOnto } from "@difftap/metrics";
import type { Components } from "@difftap/run-folder";
import { encodePng, pngAddress } from "../png.js";
import { type Cell, cellName, measureCells } from "./cell.js";
import { withMaps } from "./maps.js";
import type { AnalysisSession } from "./session.js";
import { addressOf, imagesAt, labelOf, shownCells, shownPlaces } from "./shown.js";

type ComponentTap = Components["taps"][number];

/** Needs images. */
export async function componentsPart(session: AnalysisSession): Promise<Components> {
  const { settings, context, size, test, classNames } = session;
  const cells = shownCells(session);
  const batch = await imagesAt(test.images!, shownPlaces(session), size);
  const maps = await withMaps(session, cells, (read) => read(batch));
  const taps = await measureCells(cells, (cell) => colouredTap(cell, maps[cellName(cell)]!), {
    ...context,
    task: "components",
  });
  const pictures = batch.ids.map((id, row) => ({
    id,
    ...labelOf(classNames, batch.labels[row]!),
    image: addressOf(batch.images, row),
  }));
  return {
    pictures,
    taps: [...taps.values()],
    protocol:
      "principal components of all cells of the images shown, one tap at a time; 1st to 99th percentile as colours",
    split: test.about,
    n: pictures.length,
    seeds: [settings.seed],
  };
}

/** Rounded to four figures: pages hold many of them. */
const rounded = (value: number) => Number(value.toPrecision(4));

function colouredTap(cell: Cell, maps: NdArray<"float32">): ComponentTap {
  const [images, , height, width] = maps.shape as [number, number, number, number];
  const positions = positionsOf(maps);
  const model = principalComponents(positions, 3);
  const places = projectOnto(model, positions);
  const colours = componentColours(places);
  const cells = height * width;
  return {
    ...cell,
    height,
    width,
    explained: model.explained.map(rounded),
    maps: Array.from({ length: images }, (_, image) => {
      const own = places.data.subarray(3 * image * cells, 3 * (image + 1) * cells);
      const data = colours.subarray(3 * image * cells, 3 * (image + 1) * cells);
      return { image: pngAddress(encodePng({ width, height, data })), ...readingOf(own, width) };
    }),
  };
}

/** [N, C, h, w] → [N·h·w, C]. */
function positionsOf({ shape, data }: NdArray<"float32">): NdArray<"float32"> {
  const [images, channels, height, width] = shape as [number, number, number, number];
  const cells = height * width;
  const positions = ndarray("float32", [images * cells, channels]);
  for (let image = 0; image < images; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const plane = data.subarray(
        (image * channels + channel) * cells,
        (image * channels + channel + 1) * cells,
      );
      for (let cell = 0; cell < cells; cell++)
        positions.data[(image * cells + cell) * channels + channel] = plane[cell]!;
    }
  }
  return positions;
}

/** What a coloured map says in numbers. @param places [cells, 3] */
function readingOf(
  places: Float64Array,
  width: number,
): Pick<ComponentTap["maps"][number], "means" | "strongest"> {
  const cells = places.length / 3;
  const means = [0, 1, 2].map((component) => {
    let sum = 0;
    for (let cell = 0; cell < cells; cell++) sum += places[3 * cell + component]!;
    return rounded(sum / cells);
  });
  let strongest = 0;
  for (let cell = 1; cell < cells; cell++) if (places[3 * cell]! > places[3 * strongest]!) strongest = cell;
  return { means, strongest: { row: Math.floor(strongest / width) + 1, column: (strongest % width) + 1 } };
}
