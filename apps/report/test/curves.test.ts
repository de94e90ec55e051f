import type { Curve } from "@difftap/run-folder";
import { describe, expect, it } from "vitest";
import { curveCharts, trainingCurves } from "../src/curve-charts.js";
import { lineChartSvg, renderReport } from "../src/index.js";
import { meanLine } from "../src/mean-line.js";
import { figures } from "../src/numbers.js";
import { headResults } from "./example-heads.js";
import { bareResults, runOf } from "./example-runs.js";

const curve = (rest: Partial<Curve>): Curve => ({
  name: "a curve",
  xLabel: "epoch",
  yLabel: "loss",
  points: [
    [0, 2],
    [1, 1],
  ],
  ...rest,
});

describe("the mean of lines", () => {
  it("is taken where all of them are, straight between their points", () => {
    const long: [number, number][] = [
      [0, 0],
      [2, 4],
      [4, 8],
    ];
    const short: [number, number][] = [
      [0, 2],
      [1, 4],
      [3, 0],
    ];
    expect(meanLine([long, short])).toEqual([
      { x: 0, y: 1, deviation: Math.SQRT2 },
      { x: 1, y: 3, deviation: Math.SQRT2 },
      { x: 2, y: 3, deviation: Math.SQRT2 },
      { x: 3, y: 3, deviation: Math.sqrt(18) },
    ]);
  });

  it("of nothing, or of lines that never meet, is nothing", () => {
    expect(meanLine([])).toEqual([]);
    expect(meanLine([[[0, 1]], []])).toEqual([]);
    expect(meanLine([[[0, 1]], [[5, 1]]])).toEqual([]);
  });
});

describe("curves of several heads", () => {
  const charts = curveCharts(headResults().curves!);

  it("have a chart for each value and split, a line for each head", () => {
    expect(charts.map(({ title }) => title)).toEqual([
      "Loss over epoch, train, mean (strong) of seeds 0, 1, 2 (thin)",
      "Loss over epoch, test, mean (strong) of seeds 0, 1, 2 (thin)",
      "Top-1 in per cent over epoch, test, mean (strong) of seeds 0, 1, 2 (thin)",
    ]);
    const names = ["linear", "mlp", "attention", "difformer", "weighted"];
    for (const { series } of charts) expect(series.map(({ name }) => name)).toEqual(names);
    expect(charts[0]!.series.map(({ members = [] }) => members.length)).toEqual([3, 3, 3, 3, 0]);
  });

  it("are drawn with their seeds thin behind the mean, and told in numbers", () => {
    const svg = lineChartSvg(charts[0]!);
    expect(svg.match(/stroke-width="1" opacity/g)).toHaveLength(12);
    expect(svg.match(/stroke-width="3"/g)).toHaveLength(4);
    const page = renderReport([runOf(headResults())]).replaceAll("\u00A0", " ");
    const [mean] = charts[0]!.series.map(({ points }) => points.at(-1)!);
    expect(page).toContain(`<td>${figures(mean!.y)} ± ${figures(mean!.deviation!)}</td>`);
  });
});

describe("curves of one head", () => {
  it("of two splits share a chart", () => {
    const splits = ["train", "test"].flatMap((split) =>
      [0, 1].map((seed) => curve({ head: "linear", seed, split })),
    );
    const [chart, ...others] = curveCharts(splits);
    expect(others).toEqual([]);
    expect(chart!.series.map(({ name, members }) => [name, members?.length])).toEqual([
      ["train", 2],
      ["test", 2],
    ]);
  });

  it("of one seed are called by their head, of none by their names", () => {
    expect(curveCharts([curve({ head: "linear", seed: 4 })])[0]!.title).toBe("Loss over epoch, seed 4");
    const plain = curveCharts([curve({ name: "one" }), curve({ name: "two" })]);
    expect(plain[0]!.series.map(({ name }) => name)).toEqual(["one", "two"]);
    expect(plain[0]!.title).toBe("Loss over epoch");
  });

  it("that differ in more than the seed are not taken together", () => {
    const twice = [curve({ name: "average", seed: 0 }), curve({ name: "last", seed: 0 })];
    expect(curveCharts(twice)[0]!.series).toMatchObject([{ name: "average" }, { name: "last" }]);
  });

  it("of a value over seeds are one line, where no head has them", () => {
    const values = ["loss", "box"].flatMap((name) =>
      [0, 1, 2].map((seed) => curve({ name, seed, split: "train" })),
    );
    const [chart] = curveCharts(values);
    expect(chart!.series.map(({ name, members }) => [name, members?.length])).toEqual([
      ["loss", 3],
      ["box", 3],
    ]);
  });

  it("of one point each are told, not drawn", () => {
    const once = [0, 1].map((seed) => curve({ name: "AP", yLabel: "%", seed, points: [[8, 40 + seed]] }));
    const page = renderReport([runOf({ ...bareResults(), curves: once })]).replaceAll("\u00A0", " ");
    expect(page).toContain("<h4>Per cent over epoch, mean of seeds 0, 1</h4>");
    expect(page).toContain("<td>40.5 ± 0.7</td>");
    expect(page).not.toContain("<svg");
  });

  it("leave room for long numbers at the axis", () => {
    const left = (y: number) => {
      const [chart] = curveCharts([
        curve({
          points: [
            [0, 0],
            [1, y],
          ],
        }),
      ]);
      return Number(/<line x1="([\d.]+)"/.exec(lineChartSvg(chart!))![1]);
    };
    expect([left(1), left(0.0008) > 56, left(123_456) > left(0.0008)]).toEqual([56, true, true]);
  });

  it("of many points are thinned, their ends kept", () => {
    const points = Array.from({ length: 5000 }, (_, step): [number, number] => [step, 5000 - step]);
    const [line] = curveCharts([curve({ points })])[0]!.series;
    expect(line!.points).toHaveLength(300);
    expect(line!.points[0]).toEqual({ x: 0, y: 5000 });
    expect(line!.points.at(-1)).toEqual({ x: 4999, y: 1 });
  });
});

describe("metrics of several models", () => {
  it("are one chart per value and split, one line per model", () => {
    const metrics = [1, 2].map((step) => ({
      step,
      split: "train",
      values: { "linear/loss": 4 / step, "cnn/loss": 3 / step },
    }));
    const charts = curveCharts(trainingCurves(runOf(bareResults()).results, metrics));
    expect(charts.map(({ title }) => title)).toEqual(["Loss over step, train"]);
    expect(charts[0]!.series.map(({ name, points }) => [name, points.length])).toEqual([
      ["linear", 2],
      ["cnn", 2],
    ]);
  });
});
