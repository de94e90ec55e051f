/** The rows of a suite as a Markdown table. */
import type { SuiteRow } from "@difftap/run-folder";

const HEADER = ["data set", "reading", "metric", "ours", "95 % interval", "paper", "n", "seeds", "protocol"];
const RIGHT = ["ours", "95 % interval", "paper", "n"];

/** Ours is the mean over the seeds ± their sample standard deviation. */
export function markdownTable(rows: readonly SuiteRow[]): string {
  const rule = HEADER.map((name) => (RIGHT.includes(name) ? "---:" : "---"));
  return [HEADER, rule, ...rows.map(cellsOf)].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function cellsOf(row: SuiteRow): string[] {
  const { dataset, reading, name, metric, interval, unit, paper, n, seeds, protocol, split } = row;
  const cells = [
    dataset,
    name === undefined ? reading : `${reading}, ${name}`,
    metric,
    oursOf(row),
    interval.map((end) => placed(end, unit)).join("–"),
    paper === undefined ? "–" : withUnit(String(paper.value), unit),
    String(n),
    seeds.join(", "),
    `${protocol}; split ${split}`,
  ];
  return cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " "));
}

function oursOf({ value, deviation, unit }: SuiteRow): string {
  const spread = deviation === null ? "" : ` ± ${placed(deviation, unit)}`;
  return withUnit(`${placed(value, unit)}${spread}`, unit);
}

/** Two places for per cent, four figures for others. */
const placed = (value: number, unit: string) =>
  unit === "%" ? value.toFixed(2) : String(Number(value.toPrecision(4)));

const withUnit = (text: string, unit: string) => (unit === "" ? text : `${text} ${unit}`);
