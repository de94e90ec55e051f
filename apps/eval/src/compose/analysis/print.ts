/** An analysis on the terminal: tables of what was measured, or all of it as JSON. */
import { textTable } from "@difftap/command-line";
import type { Analysis, Fusion, SimilarityMatrix } from "@difftap/run-folder";
import type { Surface } from "./cell.js";
import type { AnalysisSession } from "./session.js";

/** Pictures are for the report. */
const withoutPictures = (key: string, value: unknown) => (key === "image" ? undefined : value);

export function printAnalysis({ context, settings }: AnalysisSession, analysis: Analysis): void {
  const { terminal, json } = context;
  if (json) {
    terminal.data(`${JSON.stringify(analysis, withoutPictures, 2)}\n`);
    return;
  }
  const { cka = [], neighbours, correspondence, sphere = [], draws = [], fusion = [] } = analysis;
  const changes = (correspondence?.found ?? []).map(({ change, points }) => ({
    ...points,
    metric: `${points.metric}, ${change}`,
  }));
  const surfaces = [...(neighbours?.purity ? [neighbours.purity] : []), ...changes, ...sphere, ...draws];
  const texts = [
    ...cka.map(matrixText),
    ...surfaces.map(surfaceText),
    ...(analysis.choice ? [choiceText(analysis.choice)] : []),
    ...fusion.map(fusionText),
    `pictures and every number: difftap-report ${settings.out}\n`,
  ];
  terminal.data(texts.join("\n"));
}

const figure = (value: number) => String(Number(value.toPrecision(4)));

/** The pairs most and least alike. */
function matrixText({ title, rows, columns, values, n, protocol }: SimilarityMatrix): string {
  const twice = rows.join() === columns.join();
  const pairs = rows.flatMap((row, a) =>
    columns.flatMap((column, b) =>
      row === column || (twice && b < a) ? [] : [{ row, column, value: values[a]![b]! }],
    ),
  );
  const sorted = pairs.sort((a, b) => b.value - a.value);
  const named = [...sorted.slice(0, 2), ...sorted.slice(-2)].filter(
    (pair, place, all) => all.indexOf(pair) === place,
  );
  const lines = named.map(({ row, column, value }) => [row, column, figure(value)]);
  return `${title}: ${protocol}, n = ${n}; most and least alike\n${textTable(["", "", "CKA"], lines)}`;
}

function surfaceText({ metric, unit, blocks, timesteps, values, n, protocol }: Surface): string {
  const header = [
    "block",
    ...timesteps.map((timestep) => (timestep === "clean" ? "clean" : `t=${timestep}`)),
  ];
  const lines = blocks.map((block, column) => [
    String(block),
    ...values.map((row) => (row[column] == null ? "" : figure(row[column]!))),
  ]);
  return `${metric}${unit === "%" ? ", %" : ""}: ${protocol}, n = ${n}\n${textTable(header, lines)}`;
}

function choiceText({ rungs, chosen, cost, regret }: NonNullable<Analysis["choice"]>): string {
  const lines = rungs.map(({ images, kept, scores }) => [
    String(images),
    String(scores.values.flat().filter((value) => value !== null).length),
    String(kept),
  ]);
  const ends = chosen.interval.map(figure).join("–");
  const at = chosen.timestep === "clean" ? "on clean images" : `at t = ${chosen.timestep}`;
  const share =
    cost.gridGmac > 0 ? `${figure((100 * cost.gmac) / cost.gridGmac)} % of the grid's multiply-adds, ` : "";
  const lost =
    regret === undefined
      ? ""
      : `regret ${figure(regret.value)} points (${regret.interval.map(figure).join("–")}) against block ${regret.best.block} at ${regret.best.timestep}, ${regret.protocol}, n = ${regret.n}\n`;
  return `choice: block ${chosen.block} ${at}, top-1 ${figure(chosen.value)} % (${ends}, n = ${chosen.n}), ${chosen.protocol}; ${share}${cost.readings} of ${cost.gridReadings} readings\n${lost}${textTable(["images", "cells", "kept"], lines)}`;
}

function fusionText({ head, stages, n, protocol, chance }: Fusion): string {
  const measured = ({ value, interval }: { value: number; interval: [number, number] }) =>
    `${figure(value)} (${interval.map(figure).join("–")})`;
  const lines = stages.map(({ name, dimensions, top1, purity, cka }) => [
    name,
    String(dimensions),
    measured(top1),
    measured(purity),
    cka ? measured(cka) : "",
  ]);
  return `${head}: ${protocol}, n = ${n}; purity by chance ${figure(chance)} %\n${textTable(["features", "dimensions", "top-1, %", "purity, %", "CKA"], lines)}`;
}
