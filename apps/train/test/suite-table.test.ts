/** The table of a suite against values worked out by hand. */
import type { Results } from "@difftap/run-folder";
import { expect, test } from "vitest";
import type { Figure, JobFigures } from "../src/suite-figures.js";
import type { Job } from "../src/suite-plan.js";
import { rowsOf } from "../src/suite-rows.js";
import { listedFigures, trainedFigures } from "../src/suite-run-figures.js";
import { markdownTable } from "../src/suite-table.js";

const job = (reading: string, rest: Partial<Job> = {}): Job => ({
  ...{ name: `cars-${reading}`, title: `cars, ${reading}`, dataset: "cars", reading, seed: undefined },
  ...{ steps: [], leavesRun: true, metrics: undefined, paper: undefined, digest: "" },
  ...rest,
});

const figure = (rest: Partial<Figure> = {}): Figure => ({
  ...{ metric: "top-1", unit: "%", protocol: "linear head", split: "test" },
  runs: [{ seeds: [0], value: 50, interval: [45, 55], n: 400 }],
  ...rest,
});

const finished = (of: Job, ...figures: Figure[]): JobFigures => ({ job: of, seconds: 1, figures });

const paper = { metric: "top-1", source: "arXiv 2311.17921", figures: { cars: 26.5 } };

test("seeds of one job, and of a job each, are mean, sample deviation and the widest interval", () => {
  const runs = [
    { seeds: [0], value: 50, interval: [45, 55], n: 400 },
    { seeds: [1], value: 53, interval: [48, 58.5], n: 400 },
    { seeds: [2], value: 47, interval: [42.5, 52], n: 400 },
  ] as const;
  // Mean 50; squares 0 + 9 + 9 over n − 1 = 2, so the deviation is 3.
  const expected = { value: 50, deviation: 3, interval: [42.5, 58.5], n: 400, seeds: [0, 1, 2] };
  const [together] = rowsOf([finished(job("linear", { paper }), figure({ name: "linear", runs }))]);
  expect(together).toMatchObject({ ...expected, folders: ["jobs/cars-linear"], paper: { value: 26.5 } });
  expect(together).not.toHaveProperty("name");
  const apart = rowsOf(
    runs.map((run) => {
      const own = job("probe", { name: `cars-probe-seed-${run.seeds[0]}`, seed: run.seeds[0] });
      return finished(own, figure({ runs: [run] }));
    }),
  );
  expect(apart).toHaveLength(1);
  expect(apart[0]).toMatchObject(expected);
  expect(apart[0]!.folders).toEqual([0, 1, 2].map((seed) => `jobs/cars-probe-seed-${seed}`));
});

test("a reading of several numbers has a row for each, with the paper's by name", () => {
  const figures = { cars: { attention: 71.5, DifFormer: 77.4 } };
  const rows = rowsOf([
    finished(
      job("heads", { paper: { ...paper, figures } }),
      ...["linear", "attention", "DifFormer"].map((name) => figure({ name })),
      figure({ metric: "loss", unit: "", runs: [{ seeds: [0], value: 1.23456, interval: [1, 2], n: 400 }] }),
    ),
  ]);
  expect(rows.map(({ name, metric, paper: said }) => [name, metric, said?.value])).toEqual([
    ["linear", "top-1", undefined],
    ["attention", "top-1", 71.5],
    ["DifFormer", "top-1", 77.4],
    [undefined, "loss", undefined],
  ]);
});

test("the paper's figure stands beside its own metric only", () => {
  const [row] = rowsOf([finished(job("linear", { paper }), figure({ metric: "AP" }))]);
  expect(row).not.toHaveProperty("paper");
});

test("seeds on different images are refused", () => {
  const other = figure({ runs: [{ seeds: [1], value: 1, interval: [0, 2], n: 10 }] });
  expect(() => rowsOf([finished(job("linear"), figure(), other)])).toThrow("seeds on 400 and 10 images");
});

test("in Markdown: two places for per cent, four figures for others, bars escaped", () => {
  const rows = rowsOf([
    finished(
      job("a|b", { paper }),
      figure({
        runs: [
          { seeds: [0], value: 50, interval: [45, 55], n: 400 },
          { seeds: [1], value: 53, interval: [48, 58.5], n: 400 },
        ],
      }),
      figure({ metric: "loss", unit: "", runs: [{ seeds: [0], value: 1.23456, interval: [1, 2], n: 400 }] }),
    ),
  ]);
  expect(
    markdownTable(rows),
  ).toBe(`| data set | reading | metric | ours | 95 % interval | paper | n | seeds | protocol |
| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- |
| cars | a\\|b | top-1 | 51.50 ± 2.12 % | 45.00–58.50 | 26.5 % | 400 | 0, 1 | linear head; split test |
| cars | a\\|b | loss | 1.235 | 1–2 | – | 400 | 0 | linear head; split test |
`);
});

test("of trained detectors and segmenters: what every seed has, with its interval", () => {
  const said = { name: "frozen", protocol: "fcos, 20 epochs", split: "test" };
  const coco = (ap: number, ap50: number | null) => ({
    ...{ ap, ap50, interval: { ap: [ap - 5, ap + 4], ap50: ap50 === null ? null : [ap50 - 6, ap50 + 3] } },
  });
  const detection = [
    {
      ...said,
      runs: [
        { seed: 0, n: 72, box: coco(40, 70), mask: coco(30, 60), voc50: { value: 71, interval: [60, 80] } },
        { seed: 4, n: 72, box: coco(42, 74), mask: coco(33, null), voc50: { value: 73, interval: [61, 82] } },
      ],
    },
  ];
  const segmentation = [
    {
      ...said,
      runs: [
        {
          ...{ seed: 0, miou: { value: 45, interval: [40, 50], n: 233 } },
          pixelAccuracy: { value: 80, interval: [75, 85] },
          meanAccuracy: { value: 60, interval: [55, 65] },
        },
      ],
    },
  ];
  const results = { detection, segmentation, results: [] } as unknown as Results;
  expect(listedFigures(results)).toEqual([]);
  const rows = rowsOf([finished(job("dense"), ...trainedFigures(results))]);
  expect(rows.map(({ metric, value, interval, n, seeds }) => [metric, value, interval, n, seeds])).toEqual([
    ["box AP", 41, [35, 46], 72, [0, 4]],
    ["box AP50", 72, [64, 77], 72, [0, 4]],
    ["mask AP", 31.5, [25, 37], 72, [0, 4]],
    ["VOC AP50", 72, [60, 82], 72, [0, 4]],
    ["mIoU", 45, [40, 50], 233, [0]],
    ["pixel accuracy", 80, [75, 85], 233, [0]],
    ["mean accuracy", 60, [55, 65], 233, [0]],
  ]);
  expect(rows.map(({ name }) => name).filter(Boolean)).toEqual([]);
});
