/** A run in a sentence or three, computed from its numbers. */
import type { Baseline, Grid, Results, RunResult } from "@difftap/run-folder";
import { analysisFinding } from "./analysis-finding.js";
import { bestCell, type Cell, cellsOf, placeOf } from "./grid-reading.js";
import { headFinding } from "./head-finding.js";
import { tasksOf } from "./model-tasks.js";
import { modelsFinding } from "./models-finding.js";
import {
  counted,
  measured,
  onePlace,
  range,
  sampleSize,
  seedNames,
  tapName,
  timestepName,
  upperFirst,
} from "./numbers.js";
import { otherResults } from "./own-numbers.js";
import { howDrawn } from "./samples-reading.js";
import { suiteFinding } from "./suite-finding.js";

/** This many cells within the best one's interval make a plateau. */
const PLATEAU = 3;

/** Further numbers that a finding names. */
const MORE = 4;

export interface Finding {
  /** The result, with its interval and n. */
  readonly headline: string;
  /** What puts it into perspective. */
  readonly details: readonly string[];
}

/**
 * What the run found. A grid speaks of its best cell, trained models and heads of the best of them, generated images of how they were drawn,
 * other runs of their first top-1 (or first) number.
 */
export function describeFinding(results: Results): Finding {
  const best = results.grid && bestCell(results.grid);
  if (results.grid && best) return gridFinding(results.grid, best);
  if (results.suite) return suiteFinding(results.suite);
  if (results.analysis) return analysisFinding(results.analysis);
  const found = modelsOrHeads(results);
  if (found) {
    const further = otherResults(results).slice(0, MORE);
    return { headline: found.headline, details: [...found.details, ...further.map(resultSentence)] };
  }
  if (results.kind === "samples" && results.samples) {
    const { count } = results.samples;
    return {
      headline: `${counted(count)} ${count === 1 ? "image" : "images"} drawn from noise: ${howDrawn(results.samples)}, ${seedNames(results.seeds)}.`,
      details: results.results.slice(0, MORE).map(resultSentence),
    };
  }
  const main = results.results.find(({ metric }) => metric === "top-1") ?? results.results[0];
  if (!main) return { headline: "This run holds no numbers.", details: [] };
  const others = results.results.filter((result) => result !== main).slice(0, MORE);
  return { headline: resultSentence(main), details: others.map(resultSentence) };
}

/** Of several tasks the first has the headline. */
function modelsOrHeads(results: Results): Finding | undefined {
  const tasks = tasksOf(results).map(({ models }) => modelsFinding(models, results.dataset.name));
  const [first, ...others] = tasks;
  if (first) {
    const further = others.flatMap(({ headline, details }) => [headline, ...details]);
    return { headline: first.headline, details: [...first.details, ...further] };
  }
  if (!results.heads || results.heads.length === 0) return undefined;
  const { headline, details } = headFinding(results.heads, otherResults(results));
  return { headline: upperFirst(headline), details };
}

function resultSentence(result: RunResult): string {
  const subject = [result.name, result.tap && tapName(result.tap)].filter(Boolean).join(", ");
  const value = `${result.metric} ${measured(result.value, result.unit)} (${range(result.interval, result.unit)}), ${sampleSize(result.n)}.`;
  return subject === "" ? upperFirst(value) : `${upperFirst(subject)}: ${value}`;
}

function gridFinding(grid: Grid, best: Cell): Finding {
  const at = best.timestep === "clean" ? "on clean images" : `at ${timestepName(best.timestep)}`;
  const value = `${measured(best.value, "%")} (${range(best.interval, "%")}), ${sampleSize(grid.n)}.`;
  const details = [place(grid, best), rivals(grid, best), noise(grid), baselines(grid)];
  return {
    headline: `Block ${best.block} ${at} reads best: ${value}`,
    details: details.filter((text) => text !== ""),
  };
}

function place(grid: Grid, best: Cell): string {
  const block = grid.blockTable?.[best.column];
  if (!block) return "";
  const where = block.kind === "middle" ? "It is the middle block" : `It lies in the ${placeOf(block)}`;
  const cost = block.gmac === undefined ? "" : `, ${Number(block.gmac.toPrecision(3))} GMAC into the network`;
  return `${where}, on a map of ${block.side} × ${block.side} with ${block.channels} channels${cost}.`;
}

/** How many cells one could not tell from the best. */
function rivals(grid: Grid, best: Cell): string {
  const cells = cellsOf(grid);
  const close = cells.filter(
    (cell) => cell !== best && cell.value >= best.interval[0] && !same(cell, best),
  ).length;
  if (cells.length < 2) return "";
  if (close === 0) return `None of the other ${cells.length - 1} cells lies within that interval.`;
  return `${close} of the other ${cells.length - 1} cells ${close === 1 ? "lies" : "lie"} within that interval${close >= PLATEAU ? ": the peak is a plateau, not a point" : ""}.`;
}

const same = (a: Cell, b: Cell) => a.row === b.row && a.column === b.column;

/** What the noise costs, from the least to the most noisy row. */
function noise(grid: Grid): string {
  const rows = grid.timesteps.map((timestep, row) => ({
    timestep,
    order: timestep === "clean" ? -1 : timestep,
    best: Math.max(...(grid.top1[row] ?? []).map((value) => value ?? Number.NEGATIVE_INFINITY)),
  }));
  const known = rows.filter(({ best }) => Number.isFinite(best)).sort((a, b) => a.order - b.order);
  const [first, last] = [known[0], known.at(-1)];
  if (!first || !last || first === last) return "";
  const change = last.best - first.best;
  const ends = `From ${timestepName(first.timestep)} to ${timestepName(last.timestep)} the best block's accuracy`;
  if (onePlace(Math.abs(change)) === "0.0") return `${ends} stays what it is.`;
  const verb = change < 0 ? "falls" : "rises";
  return `${ends} ${verb} by ${onePlace(Math.abs(change))} points.`;
}

function baselines(grid: Grid): string {
  const parts = grid.baselines
    .filter(({ top1 }) => !Array.isArray(top1) || top1.length > 0)
    .map(baselineText);
  return parts.length === 0 ? "" : `For comparison: ${parts.join(", ")}.`;
}

function baselineText({ name, top1 }: Baseline): string {
  return Array.isArray(top1)
    ? `${name} (at most ${measured(Math.max(...top1), "%")})`
    : `${name} (${measured(top1, "%")})`;
}
