/** Detection and segmentation before any backbone, as a user types them; what evaluation makes of the same run. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openWeights } from "@difftap/checkpoint";
import { readMetrics, readRunFolder } from "@difftap/run-folder";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate, folder, killAt, makeModel, train } from "./world.js";

const images = { train: "scenes:count=12,size=24,seed=1", test: "scenes:count=6,size=24,seed=2" };
const detector = '{"neck":{"name":"fpn","width":16},"layers":1,"groups":4}';
const segmenter = '{"width":16,"norm":"group","groups":4}';
const views = ["--canvas", "24x24", "--blocks", "6,8", "--timesteps", "10", "--batch", "4"];
const kinds = {
  frozen: [],
  feedback: ["--feedback-module", "C"],
  tuned: ["--trained-blocks", "2", "--backbone-rate", "0.001"],
  random: [],
  pixels: [],
};

let common: string[];
beforeAll(async () => {
  const weights = await makeModel();
  common = ["--train", images.train, "--test", images.test, "--weights", weights, ...views];
});

const detect = (out: string, ...argv: string[]) =>
  train("detect", ...common, "--spec", detector, "--epochs", "2", "--out", join(folder, out), ...argv);
const segment = (out: string, ...argv: string[]) =>
  train("segment", ...common, "--spec", segmenter, "--epochs", "2", "--out", join(folder, out), ...argv);

interface Found {
  readonly image_id: string;
  readonly category_id: number;
  readonly score: number;
  readonly bbox: readonly number[];
}
const foundIn = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Found[];

describe.each(Object.entries(kinds))(
  "%s",
  (kind, argv) => {
    test("a detector is trained, written and measured; evaluation finds the same through ONNX Runtime", async () => {
      const out = `detect-${kind}`;
      const trained = detect(out, "--backbone", kind, ...argv, "--json");
      expect(trained.code, trained.err).toBe(0);
      const { results } = await readRunFolder(join(folder, out));
      const [entry] = results.detection!;
      expect(entry!.runs[0]!.n).toBe(6);
      expect(entry!.pictures).toHaveLength(6);
      expect(results.curves!.map(({ name }) => name)).toContain("training: centreness");
      const seed = join(folder, out, "seed-0");
      const own = foundIn(join(seed, "detections.json"));
      const weights = kind === "tuned" || kind === "pixels" ? [] : ["--weights", common[5]!];
      const predictions = join(folder, `${out}.json`);
      const measured = evaluate(
        ...["detect", "--run", seed, "--test", images.test, ...weights],
        ...["--predictions", predictions, "--json"],
      );
      expect(measured.code, measured.err).toBe(0);
      const again = foundIn(predictions);
      expect(again.length).toBe(own.length);
      const best = (found: readonly Found[]) => found.map(({ score }) => score).sort((a, b) => b - a);
      best(again).forEach((score, i) => {
        expect(score).toBeCloseTo(best(own)[i]!, 3);
      });
    });

    test("a segmenter, too", async () => {
      const out = `segment-${kind}`;
      const trained = segment(out, "--backbone", kind, ...argv, "--json");
      expect(trained.code, trained.err).toBe(0);
      const { results } = await readRunFolder(join(folder, out));
      const [entry] = results.segmentation!;
      const [run] = entry!.runs;
      expect(run!.miou.n).toBe(6);
      const weights = kind === "tuned" || kind === "pixels" ? [] : ["--weights", common[5]!];
      const seed = join(folder, out, "seed-0");
      const measured = evaluate("segment", "--run", seed, "--test", images.test, ...weights, "--json");
      expect(measured.code, measured.err).toBe(0);
      const { figures } = JSON.parse(measured.out) as { figures: { miou: number; pixelAccuracy: number } };
      expect(100 * figures.miou).toBeCloseTo(run!.miou.value, 1);
      expect(100 * figures.pixelAccuracy).toBeCloseTo(run!.pixelAccuracy.value, 1);
    });
  },
  240_000,
);

test("windows and scales are averaged; one window and one scale are the whole image", () => {
  const run = ["segment", "--run", join(folder, "segment-frozen", "seed-0"), "--test", images.test, "--json"];
  const figures = (...argv: string[]) => {
    const { code, out, err } = evaluate(...run, "--weights", common[5]!, ...argv);
    expect(code, err).toBe(0);
    return JSON.parse(out) as { protocol: string; figures: { miou: number } };
  };
  const [plain, whole] = [figures(), figures("--window", "24x24", "--scales", "1")];
  expect(whole.figures.miou).toBeCloseTo(plain.figures.miou, 4);
  const averaged = figures("--window", "16x16", "--stride", "8x8", "--scales", "1,1.5", "--mirror");
  expect(averaged.protocol).toContain("windows of 16×16, every 8×8, scales 1, 1.5, mirrored too");
  expect(averaged.figures.miou).not.toBe(plain.figures.miou);
}, 240_000);

test("what is trained is the adapter alone, the feedback too, or the last blocks too", async () => {
  const names = async (kind: string) => {
    const checkpoints = join(folder, `segment-${kind}`, "seed-0", "checkpoints");
    const source = await openWeights(join(checkpoints, "step-00000006.safetensors"));
    const all = [...source.tensors.keys()].filter((name) => name.startsWith("model"));
    await source.close();
    return all;
  };
  const [frozen, feedback, tuned] = await Promise.all(["frozen", "feedback", "tuned"].map(names));
  expect(feedback!.length).toBe(frozen!.length + 2);
  expect(feedback!.filter((name) => name.includes("feedback.")).length).toBe(2);
  expect(tuned!.filter((name) => name.includes("backbone.")).length).toBeGreaterThan(2);
  expect(frozen!.some((name) => name.includes("backbone.") || name.includes("feedback."))).toBe(false);
});

test("a run that was ended before it could report is reported by the next call", async () => {
  const out = join(folder, "detect-frozen");
  const figures = async () => (await readRunFolder(out)).results.detection![0]!.figures;
  const before = await figures();
  rmSync(join(out, "results.json"));
  const again = detect("detect-frozen", "--backbone", "frozen", ...kinds.frozen);
  expect(again.code, again.err).toBe(0);
  expect(await figures()).toEqual(before);
});

test.each([
  ["", []],
  ["-on-disk", ["--keep-maps", "disk", "--flip", "0"]],
])(
  "made longer, killed and run again, it ends bit for bit as a run that was not%s",
  async (kind, argv) => {
    const seed = ["--seeds", "3", ...argv];
    const names = ["whole", "killed"].map((name) => name + kind);
    const out = join(folder, names[1]!);
    expect(segment(names[1]!, ...seed, "--epochs", "1").code).toBe(0);
    const longer = [...seed, "--epochs", "3", "--out", out];
    expect(await killAt("training:", "segment", ...common, "--spec", segmenter, ...longer)).toBe("SIGKILL");
    for (const name of names) {
      const { code, err } = segment(name, ...seed, "--epochs", "3");
      expect(code, err).toBe(0);
    }
    const [whole, killed] = await Promise.all(names.map((name) => readMetrics(join(folder, name, "seed-3"))));
    const training = (lines: typeof whole) =>
      lines!.filter(({ split }) => split === "train").map(({ values }) => values);
    expect(training(killed)).toHaveLength(9);
    expect(training(killed)).toEqual(training(whole));
    expect(killed!.at(-1)!.values).toEqual(whole!.at(-1)!.values);
  },
  240_000,
);

test("maps on disk teach what maps in memory do, rounded; runs and seeds share what is the same", async () => {
  const maps = join(folder, "maps");
  const once = ["--flip", "0", "--seeds", "1,2"];
  for (const [name, place] of [["in-memory"], ["on-disk", maps]] as const) {
    const { code, err, out } = segment(name, ...once, "--keep-maps", ...(place ? [place] : []));
    expect(code, err).toBe(0);
    expect(out).toContain(place ? "maps computed once, kept as float16" : "maps computed once");
  }
  const losses = await Promise.all(
    ["in-memory", "on-disk"].map(async (name) => {
      const lines = await readMetrics(join(folder, name, "seed-2"));
      return lines.filter(({ split }) => split === "train").map(({ values }) => values.loss!);
    }),
  );
  expect(losses[1]).not.toEqual(losses[0]);
  for (const [step, loss] of losses[0]!.entries()) expect(losses[1]![step]).toBeCloseTo(loss, 2);
  expect(readdirSync(maps).sort()).toEqual(["seed-1", "seed-2"]);
  const detected = detect("detect-on-disk", "--flip", "0", "--seeds", "1", "--keep-maps", maps);
  expect(detected.code, detected.err).toBe(0);
  expect(detected.err).toContain("checking the store");
  expect(detected.err).not.toMatch(/maps: \d/);
  const clean = [
    "--flip",
    "0",
    "--timesteps",
    "clean",
    "--fit",
    "stretch",
    "--keep-maps",
    join(folder, "clean"),
  ];
  expect(segment("clean-on-disk", ...clean, "--seeds", "1,2").code).toBe(0);
  expect(readdirSync(join(folder, "clean"))).toEqual(["every-seed"]);
  const other = segment("refused-on-disk", ...once, "--keep-maps", maps, "--canvas", "32x32");
  expect(other.code).toBe(2);
  expect(other.err).toContain("request.canvas.height: the store has 24, asked for 32");
}, 240_000);

test("maps of as many views as epochs teach what views do that are drawn again", async () => {
  const maps = join(folder, "views");
  const changing = ["--flip", "0.5", "--colours", "0.3", "--scale", "0.8,1.2", "--seeds", "1"];
  const kept = {
    "views-drawn": [],
    "views-in-memory": ["--keep-maps", "--kept-views", "2"],
    "views-on-disk": ["--keep-maps", maps, "--kept-views", "2"],
  };
  const losses: number[][] = [];
  for (const [name, argv] of Object.entries(kept)) {
    const { code, err, out } = segment(name, ...changing, ...argv);
    expect(code, err).toBe(0);
    expect(out.includes("maps of 2 views computed once")).toBe(name !== "views-drawn");
    const lines = await readMetrics(join(folder, name, "seed-1"));
    losses.push(lines.filter(({ split }) => split === "train").map(({ values }) => values.loss!));
  }
  const [drawn, inMemory, onDisk] = losses;
  expect(drawn).toHaveLength(6);
  for (const [step, loss] of drawn!.entries()) {
    expect(inMemory![step]).toBeCloseTo(loss, 4);
    expect(onDisk![step]).toBeCloseTo(loss, 2);
  }
  expect(readdirSync(maps).sort()).toEqual(["seed-1", "seed-1-view-1"]);
}, 240_000);

describe("is refused:", () => {
  test.each([
    ["maps kept of changing views", ["--keep-maps"], /--keep-maps: --scale, --flip/],
    [
      "maps kept of a network that learns",
      ["--keep-maps", "--backbone", "tuned", "--flip", "0"],
      /--keep-maps: a backbone that is trained/,
    ],
    ["a place for maps that is a slip of the fingers", ["--keep-maps", "dsik"], /memory, disk, or a folder/],
    ["a canvas that the network does not take", ["--canvas", "23x24"], /23|multiple|divisible/],
    ["more images than there are", ["--train-count", "13"], /13 images were asked for/],
  ])("%s", (_, argv, message) => {
    const { code, err } = detect("refused", ...argv);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
  });

  test("a data set of other categories at evaluation", () => {
    const seed = join(folder, "detect-pixels", "seed-0");
    const other = evaluate("segment", "--run", seed, "--test", images.test);
    expect(other.code).not.toBe(0);
  });
});
