/** What trained heads found, in sentences: the best, what is as good, and where a head does not beat a simpler one. */
import type { RunResult, TrainedHead } from "@difftap/run-folder";
import { bestHead, headNumber, intervalOf, simplerThatHolds } from "./head-reading.js";
import { counted, measured, tapName, upperFirst } from "./numbers.js";

export interface HeadFinding {
  readonly headline: string;
  readonly details: readonly string[];
}

/** `heads` has at least one row; `others` are numbers of the run that are no head's. */
export function headFinding(heads: readonly TrainedHead[], others: readonly RunResult[]): HeadFinding {
  const best = bestHead(heads)!;
  const reads = heads.length > 1 ? `${best.name} reads best: ` : `${best.name}: top-1 `;
  return {
    headline: `${reads}${headNumber(best)}`,
    details: [rivals(best, heads), noBetter(heads), belowOthers(heads, others)].filter((text) => text !== ""),
  };
}

/** Which heads one could not tell from the best. */
function rivals(best: TrainedHead, heads: readonly TrainedHead[]): string {
  const others = heads.filter((head) => head !== best);
  const [low] = intervalOf(best);
  const close = others.filter(({ mean }) => mean >= low).map(({ name }) => name);
  if (others.length === 0) return "";
  if (close.length === 0) return "No other head lies within that interval.";
  return `Within that interval ${close.length === 1 ? "lies" : "lie"} also ${close.join(", ")}.`;
}

function noBetter(heads: readonly TrainedHead[]): string {
  return heads
    .flatMap((head) => {
      const simpler = simplerThatHolds(head, heads);
      return simpler
        ? [`${upperFirst(named(head))} does not beat ${named(simpler)}, which has fewer parameters.`]
        : [];
    })
    .join(" ");
}

const named = ({ name, mean, parameters }: TrainedHead) =>
  `${name} (${measured(mean, "%")}, ${counted(parameters)} parameters)`;

/** Against the best other top-1 of the run, such as a solved probe. */
function belowOthers(heads: readonly TrainedHead[], others: readonly RunResult[]): string {
  const top1 = others.filter(({ metric, unit }) => metric === "top-1" && unit === "%");
  if (top1.length === 0) return "";
  const best = top1.reduce((a, b) => (b.value > a.value ? b : a));
  const below = heads.filter(({ mean }) => mean < best.value).map(({ name }) => name);
  const what = [best.name, best.tap && tapName(best.tap)].filter(Boolean).join(", ") || best.protocol;
  return below.length === 0 ? `No head reads worse than ${what}.` : `Below ${what}: ${below.join(", ")}.`;
}
