/** An analysis in a sentence or a few, computed from its numbers. */
import type { Analysis, Surface } from "@difftap/run-folder";
import { regretSentence } from "./analysis-choice.js";
import { gainOf } from "./analysis-fusion.js";
import { cellTitle, shortNumber, shortRange } from "./analysis-numbers.js";
import { bestOfSurface, pairsOf } from "./analysis-reading.js";
import { measured, sampleSize, upperFirst } from "./numbers.js";

export interface AnalysisFinding {
  readonly headline: string;
  readonly details: readonly string[];
}

/** The first thing it has to say is the headline. */
export function analysisFinding(analysis: Analysis): AnalysisFinding {
  const { choice, fusion = [], cka = [], neighbours, correspondence, sphere = [], draws = [] } = analysis;
  const changes = (correspondence?.found ?? []).map(({ change, points }) =>
    bestSentence(points, `points are found best after “${change}” at`),
  );
  const said = [
    choice ? choiceSentence(choice) : "",
    ...fusion.map((each) => (gainOf(each) === "" ? "" : `${upperFirst(each.head)}: ${gainOf(each).trim()}`)),
    neighbours?.purity ? bestSentence(neighbours.purity, "neighbourhoods are purest at") : "",
    ...changes,
    ...cka.slice(0, 1).map(leastAlike),
    ...draws.slice(0, 1).map((surface) => bestSentence(surface, "draws of noise change least at")),
    ...sphere.slice(-1).map((surface) => bestSentence(surface, "images spread most evenly at")),
  ].filter((sentence) => sentence !== "");
  const [headline = "Pictures of what the features are like.", ...details] = said;
  return { headline, details };
}

function choiceSentence(choice: NonNullable<Analysis["choice"]>): string {
  const { chosen } = choice;
  const value = `${measured(chosen.value, "%")} (${shortRange(chosen.interval, "%")}), ${sampleSize(chosen.n)}`;
  return `${upperFirst(cellTitle(chosen))} was chosen on a small budget: top-1 ${value}. ${regretSentence(choice)}`.trim();
}

function bestSentence(surface: Surface, what: string): string {
  const best = bestOfSurface(surface);
  if (!best) return "";
  const unit = surface.unit === "%" ? " %" : "";
  return `${upperFirst(what)} ${cellTitle(best)}: ${surface.metric} ${shortNumber(best.value, surface.unit)}${unit} (${shortRange(best.interval, surface.unit)}), ${sampleSize(surface.n)}.`;
}

function leastAlike(matrix: NonNullable<Analysis["cka"]>[number]): string {
  const least = pairsOf(matrix).at(-1);
  if (!least) return "";
  return `Least alike are ${least.row} and ${least.column}: CKA ${shortNumber(least.value, "")} (${shortRange(least.interval, "")}), ${sampleSize(matrix.n)}.`;
}
