/**
 * The report: one HTML page without scripts, fonts or pictures from elsewhere.
 *
 * ```ts
 * import { renderReport } from "@difftap/report";
 * import { readRunFolder } from "@difftap/run-folder";
 *
 * const page = renderReport([await readRunFolder("runs/grid")], { title: "CIFAR-10" });
 * ```
 */
import type { Results, RunFolder } from "@difftap/run-folder";
import { analysisSections } from "./analysis-section.js";
import { analysisStyles } from "./analysis-styles.js";
import { attentionSection } from "./attention-section.js";
import { blockChart } from "./block-chart.js";
import { chartSection } from "./chart-section.js";
import { classesSection } from "./classes-section.js";
import { confusionSection } from "./confusion-section.js";
import { contributionsOf } from "./contribution-reading.js";
import { contributionsSection } from "./contributions-section.js";
import { curveCharts, trainingCurves } from "./curve-charts.js";
import { detectionSection } from "./detection-section.js";
import { examplesSection } from "./examples-section.js";
import { describeFinding } from "./finding.js";
import { cellsOf } from "./grid-reading.js";
import { headSets, headsOfAll, isTabled } from "./heads-of-all.js";
import { headsTable } from "./heads-table.js";
import { heatMapTable } from "./heat-map-table.js";
import { type Html, html, verbatim } from "./html.js";
import { modelsOfAll } from "./models-of-all.js";
import { counted, sampleSize, seedNames } from "./numbers.js";
import { facts, provenanceSection } from "./provenance-section.js";
import { resultsTable } from "./results-table.js";
import { samplesSection } from "./samples-section.js";
import { segmentationSection } from "./segmentation-section.js";
import { styles } from "./styles.js";
import { suiteSection } from "./suite-section.js";

export interface ReportOptions {
  /** The page's heading; the run's title, or how many runs there are, without. */
  readonly title?: string | undefined;
}

/** Forbids the page everything but its own styles and embedded pictures. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** The whole page as text. Every string of the runs is escaped. */
export function renderReport(runs: readonly RunFolder[], options: ReportOptions = {}): string {
  const sets = headSets(runs);
  const alone = runs.length === 1;
  const title = options.title ?? (runs.length === 1 ? runs[0]!.results.title : `${runs.length} runs`);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · difftap</title>
<style>${verbatim(styles + analysisStyles)}</style>
</head>
<body>
${pageHeader(runs, title)}
<main>
${headsOfAll(sets)}
${modelsOfAll(runs)}
${runs.length > 1 && resultsTable(runs)}
${runs.map((run, index) => runArticle(run, index, { alone, tabled: isTabled(sets, run) }))}
${runs.length <= 1 && resultsTable(runs)}
</main>
<footer>Made by difftap-report. Intervals are 95 % intervals.</footer>
</body>
</html>
`.markup;
}

function pageHeader(runs: readonly RunFolder[], title: string): Html {
  const [only] = runs;
  if (!only) return html`<header><h1>${title}</h1><p>There are no runs to report on.</p></header>`;
  if (runs.length === 1)
    return html`<header><p class="eyebrow">${eyebrow(only.results)}</p><h1>${title}</h1>${findingOf(only.results)}${runFacts(only.results)}</header>`;
  return html`<header><p class="eyebrow">${runs.length} runs</p><h1>${title}</h1><ol class="findings">${runs.map(({ results }, index) => html`<li><a href="#run-${index + 1}">${results.title}</a> ${describeFinding(results).headline}</li>`)}</ol></header>`;
}

const kinds: Readonly<Record<Results["kind"], string>> = {
  grid: "Block × timestep grid",
  probe: "Linear probe",
  knn: "Nearest neighbours",
  head: "Trained head",
  detection: "Detection",
  segmentation: "Segmentation",
  samples: "Generated images",
  pretraining: "Pretraining",
  suite: "Suite",
  analysis: "Analysis",
};

function eyebrow({ kind, dataset, created }: Results): string {
  return [kinds[kind], dataset.name, created?.slice(0, 10)].filter(Boolean).join(" · ");
}

function findingOf(results: Results): Html {
  const { headline, details } = describeFinding(results);
  return html`<p class="finding">${headline}</p>${details.length > 0 && html`<p class="details">${details.join(" ")}</p>`}`;
}

function runFacts({ model, dataset, protocol, split, seeds, grid }: Results): Html {
  const classes = dataset.classes ? `, ${counted(dataset.classes.length)} classes` : "";
  return facts([
    ["Model", [model.name, model.architecture, parametersOf(model)].filter(Boolean).join(", ")],
    [
      "Data",
      dataset.train + dataset.test > 0 &&
        `${dataset.name}: ${counted(dataset.train)} training and ${counted(dataset.test)} test images${classes}`,
    ],
    ["Protocol", `${protocol}; split ${split}; ${seedNames(seeds)}`],
    ["Reading", grid && readingOf(grid)],
  ]);
}

/** Unless the architecture has said it already. */
const parametersOf = ({ architecture, parameters }: Results["model"]) =>
  parameters && !architecture.includes("parameters") && `${counted(parameters)} parameters`;

function readingOf({ pool, l2 }: NonNullable<Results["grid"]>): string {
  const pooling = pool === "map" ? "whole maps" : `maps pooled to ${pool} × ${pool}`;
  return l2 === undefined ? pooling : `${pooling}; λ = ${l2}`;
}

interface Place {
  /** The only run of the page. */
  readonly alone: boolean;
  /** Its heads stand in a table above. */
  readonly tabled: boolean;
}

function runArticle(run: RunFolder, index: number, { alone, tabled }: Place): Html {
  const { results } = run;
  const heading = alone
    ? html`<h2 class="hidden">Results</h2>`
    : html`<p class="eyebrow">${eyebrow(results)}</p><h2>${results.title}</h2>${findingOf(results)}${runFacts(results)}`;
  return html`<article id="run-${index + 1}">${heading}
${gridSection(results)}
${results.suite && html`<section>${suiteSection(results.suite)}</section>`}
${results.analysis && analysisSections(results.analysis, `analysis-${index + 1}`)}
${modelSections(results, index)}
${headSections(results, index, { alone, tabled })}
${detailSections(run)}
<section>${provenanceSection(run)}</section></article>`;
}

function gridSection({ grid }: Results): Html | false {
  if (!grid) return false;
  return html`<section><h3>Where the network reads best</h3>${heatMapTable(grid)}
${grid.blocks.length > 1 && cellsOf(grid).length > 0 && html`<h3>Over the blocks</h3>${chartSection(blockChart(grid))}`}</section>`;
}

function modelSections({ detection = [], segmentation = [] }: Results, index: number): Html {
  return html`${detection.length > 0 && html`<section>${detectionSection(detection)}</section>`}
${segmentation.length > 0 && html`<section>${segmentationSection(segmentation, `segments-${index + 1}`)}</section>`}`;
}

function headSections(results: Results, index: number, { alone, tabled }: Place): Html {
  const { heads = [], tapWeights, tapShares, attention = [] } = results;
  const contributions = contributionsOf(tapWeights, tapShares);
  const looks = attention.some(({ examples }) => examples.length > 0);
  return html`${heads.length > 0 && !tabled && html`<section><h3>Trained heads</h3>${headsTable([{ heads }], [], { papers: alone })}</section>`}
${contributions.length > 0 && html`<section>${contributionsSection(contributions)}</section>`}
${looks && html`<section>${attentionSection(attention, `picture-${index + 1}`)}</section>`}`;
}

function detailSections({ results, metrics }: RunFolder): Html {
  const provenance = `Protocol: ${results.protocol}; split ${results.split}; ${sampleSize(imagesOf(results))}; ${seedNames(results.seeds)}.`;
  const curves = trainingCurves(results, metrics);
  const drawn = results.samples && `Model: ${results.model.name}; ${seedNames(results.seeds)}.`;
  return html`${results.samples && html`<section>${samplesSection(results.samples, drawn ?? "")}</section>`}
${curves.length > 0 && html`<section><h3>Curves</h3>${curveCharts(curves).map(chartSection)}</section>`}
${results.confusion && html`<section>${confusionSection(results.confusion, provenance)}</section>`}
${results.perClass && results.perClass.length > 0 && html`<section>${classesSection(results.perClass, provenance)}</section>`}
${results.examples && results.examples.best.length + results.examples.worst.length > 0 && html`<section>${examplesSection(results.examples, provenance)}</section>`}`;
}

/** n of the class-wise numbers: what the confusion matrix counts, else the test images. */
function imagesOf({ confusion, dataset }: Results): number {
  return confusion ? confusion.matrix.flat().reduce((total, count) => total + count, 0) : dataset.test;
}
