/** The figures of a run as SVG files that stand alone. */
import { type Results, type RunFolder, writeFigure } from "@difftap/run-folder";
import { analysisFigures } from "./analysis-svg.js";
import { attentionSvg } from "./attention-svg.js";
import { blockChart } from "./block-chart.js";
import { contributionsOf } from "./contribution-reading.js";
import { contributionsSvg } from "./contributions-svg.js";
import { curveCharts, trainingCurves } from "./curve-charts.js";
import { cellsOf } from "./grid-reading.js";
import { heatMapSvg } from "./heat-map-svg.js";
import { type ChartSpec, hasLine, lineChart } from "./line-chart.js";
import { palettes, type Theme } from "./palette.js";
import { detectionSvg, segmentationSvg } from "./pictures-svg.js";

/** A line chart as SVG text with its own background. */
export function lineChartSvg(spec: ChartSpec, theme: Theme = "light"): string {
  return `${lineChart(spec, palettes[theme], true).markup}\n`;
}

/**
 * Writes figures/*.svg into the run's folder, light and dark.
 * @returns the paths written.
 * @throws DifftapError WRITE_FAILED
 */
export async function writeFigures(run: RunFolder): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, draw] of figuresOf(run)) {
    paths.push(
      await writeFigure(run.path, name, draw("light")),
      await writeFigure(run.path, `${name}-dark`, draw("dark")),
    );
  }
  return paths;
}

type Figure = readonly [name: string, draw: (theme: Theme) => string];

function figuresOf({ results, metrics }: RunFolder): Figure[] {
  const curves = curveCharts(trainingCurves(results, metrics)).filter(hasLine);
  return [
    ...gridFigures(results),
    ...headFigures(results),
    ...pictureFigures(results),
    ...analysisFigures(results.analysis),
    ...curves.map((spec, index): Figure => [`curve-${index + 1}`, (theme) => lineChartSvg(spec, theme)]),
  ];
}

function headFigures({ attention = [], tapWeights, tapShares }: Results): Figure[] {
  const looks = attention.filter(({ examples }) => examples.length > 0);
  return [
    ...contributionsOf(tapWeights, tapShares).map(
      (entry, index): Figure => [`contributions-${index + 1}`, (theme) => contributionsSvg(entry, theme)],
    ),
    ...looks.map((entry, index): Figure => [`attention-${index + 1}`, (theme) => attentionSvg(entry, theme)]),
  ];
}

function pictureFigures({ detection = [], segmentation = [] }: Results): Figure[] {
  const shown = <M extends { readonly pictures: readonly unknown[] }>(models: readonly M[]) =>
    models.filter(({ pictures }) => pictures.length > 0);
  return [
    ...shown(detection).map(
      (model, index): Figure => [`detection-${index + 1}`, (theme) => detectionSvg(model, theme)],
    ),
    ...shown(segmentation).map(
      (model, index): Figure => [`segmentation-${index + 1}`, (theme) => segmentationSvg(model, theme)],
    ),
  ];
}

function gridFigures({ grid, title }: Results): Figure[] {
  if (!grid || cellsOf(grid).length === 0) return [];
  const overBlocks: Figure = ["accuracy-over-blocks", (theme) => lineChartSvg(blockChart(grid), theme)];
  return [
    ["heat-map", (theme) => heatMapSvg(grid, { theme, title })],
    ...(grid.blocks.length > 1 ? [overBlocks] : []),
  ];
}
