/** What trained detectors or segmenters found, in sentences: the best, and what it is above. */
import { figureInWords, type ModelReading, type SeedFigure } from "./model-reading.js";
import { counted, measured, onePlace, range, upperFirst } from "./numbers.js";

export interface ModelsFinding {
  readonly headline: string;
  readonly details: readonly string[];
}

interface Ranked {
  readonly model: ModelReading;
  /** What models are compared by. */
  readonly main: SeedFigure;
}

/**
 * Of the best model. `models` has at least one.
 * @param dataset name of the data set
 */
export function modelsFinding(models: readonly ModelReading[], dataset: string): ModelsFinding {
  const ranked = rankedModels(models);
  const [best, ...others] = ranked;
  const { n } = models[0]!;
  if (!best) return { headline: `Nothing is to be found ${onImages(n, dataset)}.`, details: [] };
  const { main, model } = best;
  const value = `${main.metric} of ${measured(main.mean, "%")} (${overRuns(main, model)}) ${onImages(n, dataset)}`;
  const comparable = others.filter((other) => isComparable(best, other));
  const subject = models.length > 1 ? `${upperFirst(model.name)}: ` : "";
  return {
    headline: `${subject}${subject === "" ? upperFirst(value) : value}${standing(main, comparable)}.`,
    details: [rivals(best, comparable), furtherFigures(model)].filter((text) => text !== ""),
  };
}

/** The best first, of equals the first. */
function rankedModels(models: readonly ModelReading[]): Ranked[] {
  const ranked = models.flatMap((model) => {
    const [main] = model.figures;
    return main ? [{ model, main }] : [];
  });
  return ranked.sort((a, b) => b.main.mean - a.main.mean);
}

const onImages = (n: number, dataset: string) =>
  `on ${counted(n)} ${n === 1 ? "image" : "images"} of ${dataset}`;

/** "mean of 3 seeds ± 0.4; 95 % interval 65.0–77.3" */
function overRuns({ deviation, interval, values }: SeedFigure, { runs }: ModelReading): string {
  const seeds =
    deviation === null ? `seed ${runs[0]!.seed}` : `mean of ${values.length} seeds ± ${onePlace(deviation)}`;
  return `${seeds}; 95\u202F% interval ${range(interval, "%")}`;
}

/** Numbers of other images or of another kind are no comparison. */
const isComparable = (best: Ranked, { model, main }: Ranked) =>
  main.metric === best.main.metric && model.n === best.model.n && model.split === best.model.split;

/** ", above random weights (48.1 %) and raw pixels (39.0 %)" */
function standing({ mean }: SeedFigure, others: readonly Ranked[]): string {
  const named = (wanted: (other: number) => boolean) =>
    others
      .filter(({ main }) => wanted(main.mean))
      .map(({ model, main }) => `${model.name} (${measured(main.mean, "%")})`);
  const [equal, below] = [named((other) => other === mean), named((other) => other < mean)];
  const as = equal.length > 0 ? `, as good as ${listed(equal)}` : "";
  return below.length > 0 ? `${as}, above ${listed(below)}` : as;
}

/** "a, b and c" */
const listed = (names: readonly string[]) =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

/** Which models one could not tell from the best. */
function rivals({ main }: Ranked, others: readonly Ranked[]): string {
  const close = others.filter((other) => other.main.mean >= main.interval[0]).map(({ model }) => model.name);
  if (others.length === 0) return "";
  if (close.length === 0) return "No other model lies within that interval.";
  return `Within that interval ${close.length === 1 ? "lies" : "lie"} also ${listed(close)}.`;
}

function furtherFigures({ figures }: ModelReading): string {
  const further = figures.slice(1).map((figure) => `${figure.metric} ${figureInWords(figure)}`);
  return further.length === 0 ? "" : `${upperFirst(further.join(", "))}.`;
}
