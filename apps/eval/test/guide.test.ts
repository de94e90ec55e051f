/** Guides of sampling: gradients against the reference and against differences of the fast runtime, and what they do to images. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  architectureFromFlags,
  blockTable,
  classifierParameterShapes,
  parseClassifier,
} from "@difftap/backbone";
import { openOnnxBackbone } from "@difftap/backbone-onnx";
import { copyToSafetensors, memoryWeights, openWeights } from "@difftap/checkpoint";
import { type NdArray, toFloat32 } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { adaptiveAveragePool, createHead, describeTap } from "@difftap/heads";
import { readRunFolder } from "@difftap/run-folder";
import { memorySource, paperRecipe, train } from "@difftap/trainer";
import { beforeAll, describe, expect, test } from "vitest";
import { openClassifierGuide } from "../src/compose/classifier-guide.js";
import { openHeadGuide } from "../src/compose/head-guide.js";
import { openModel } from "../src/compose/model.js";
import { openSavedHead } from "../src/compose/saved-head.js";
import { draw, expectSlopes } from "./slopes.js";
import { diffusion, flags, run, smallModel } from "./world.js";

const fixtures = join(
  process.env.DIFFTAP_FIXTURES ?? join(import.meta.dirname, "../../../../shared/fixtures"),
  "classifier",
);
const missing = existsSync(fixtures) ? "" : " (skipped: no fixtures, set DIFFTAP_FIXTURES)";

let folder: string;
let weights: string;
beforeAll(async () => {
  ({ folder, weights } = await smallModel());
  await selectEngine("auto");
});

describe.skipIf(missing !== "")(`noisy classifiers of the fixtures${missing}`, () => {
  test.each(["attention", "adaptive", "spatial", "spatial_v2"])("%s: gradient to 1e-4", async (pool) => {
    const expected = await openWeights(join(fixtures, "expected.safetensors"));
    const read = (name: string) => expected.read(`${pool}.${name}`);
    const { pools, ...described } = JSON.parse(readFileSync(join(fixtures, "architecture.json"), "utf8"));
    expect(pools).toContain(pool);
    const file = join(folder, `${pool}.json`);
    writeFileSync(file, JSON.stringify({ ...described, classifier_pool: pool }));
    const guide = await openClassifierGuide(join(fixtures, `${pool}.pt`), file, 16);
    const x = (await read("x")) as NdArray<"float32">;
    const labels = Int32Array.from((await read("y")).data as BigInt64Array, Number);
    const found = await guide.gradient(x, [...toFloat32(await read("timesteps"))], labels);
    const wanted = toFloat32(await read("grad_log_prob"));
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - found.data[i]!)), 0);
    if (process.env.DIFFTAP_FIGURES) process.stdout.write(`guide ${pool}: ${worst / largest}\n`);
    expect(worst / largest).toBeLessThan(1e-4);
    expect(guide).toMatchObject({ classes: 10, by: `classifier ${pool}.pt` });
    guide.close();
    await expected.close();
  });
});

/** A classifier with weights by chance, and its JSON beside it. */
async function classifierFile(size: number): Promise<string> {
  const path = join(folder, `classifier-${size}.safetensors`);
  const described = {
    image_size: size,
    classifier_width: 32,
    classifier_depth: 1,
    classifier_attention_resolutions: "8",
    channel_mult: "1,2",
    num_classes: 4,
    num_head_channels: 16,
  };
  const shapes = classifierParameterShapes(parseClassifier(described));
  const tensors = Array.from(shapes, ([name, shape], index) => [name, draw(index, [...shape], 0.1)] as const);
  await copyToSafetensors(memoryWeights(Object.fromEntries(tensors)), path);
  writeFileSync(path.replace(".safetensors", ".json"), JSON.stringify(described));
  return path;
}

/** A DifFormer on blocks 3 and 6, trained for a few steps on features by chance. */
async function trainedHead(name: string, channels?: number): Promise<string> {
  const blocks = blockTable(architectureFromFlags({ flags, diffusion }));
  const taps = [3, 6].map((block) => describeTap(blocks, { block, timestep: 50, pool: 2, size }));
  const described = taps.map((tap) => ({ ...tap, channels: channels ?? tap.channels }));
  const rows = 40;
  const features = described.map(
    (tap, index) => [tap.name, draw(50 + index, [rows, tap.channels * 4])] as const,
  );
  const labels = Int32Array.from({ length: rows }, (_, row) => row % 4);
  const model = createHead({ head: "difformer", spec: SPEC, taps: described, classes: 4, seed: 3 });
  const path = join(folder, name);
  await train({
    model,
    source: memorySource(Object.fromEntries(features), labels),
    recipe: { ...paperRecipe, learningRate: 0.05, batch: 8, duration: { epochs: 2 } },
    folder: path,
  });
  return path;
}
const size = { height: 16, width: 16 };
const SPEC = { pool: 2, width: 32, heads: 2, layers: 1 };

describe("a trained head", () => {
  let runFolder: string;
  beforeAll(async () => {
    runFolder = await trainedHead("head");
  });

  test("has the gradient that differences over the fast runtime give, at the sampling step's own timestep", async () => {
    const model = await openModel({ weights });
    const guide = await openHeadGuide({ run: runFolder }, model, size);
    const runtime = await openOnnxBackbone({
      architecture: model.architecture,
      weights: model.source,
      workers: 1,
    });
    const session = await runtime.prepare(
      [3, 6].map((block) => ({ block, pool: "map" as const })),
      { images: "float32" },
    );
    const head = await openSavedHead({ run: runFolder, which: "latest" });
    const labels = Int32Array.of(2, 0);
    const timesteps = [731, 731];
    const logProbability = async (x: NdArray<"float32">) => {
      const maps = await session.runNetwork({ x, timesteps });
      return tf.tidy(() => {
        const features = head.description.taps.map(({ name, height, width }, index) => {
          const map = tf.tensor4d(maps[index]!.data, [...maps[index]!.shape] as [
            number,
            number,
            number,
            number,
          ]);
          return [name, adaptiveAveragePool(map, [height, width])] as const;
        });
        const logits = head.forward(Object.fromEntries(features), { training: false });
        const values = tf.logSoftmax(logits).arraySync() as number[][];
        return values.reduce((sum, row, n) => sum + row[labels[n]!]!, 0);
      });
    };
    const x = draw(90, [2, 3, 16, 16]);
    const gradient = await guide.gradient(x, timesteps, labels);
    await expectSlopes(gradient, x, logProbability);
    head.dispose();
    guide.close();
    await runtime.close();
    await model.source.close();
  });

  test("of other blocks is refused with both widths", async () => {
    const other = await trainedHead("narrow", 16);
    const { code, err } = run(
      "sample",
      "--weights",
      weights,
      "--guide-head",
      other,
      "--out",
      join(folder, "narrow-out"),
    );
    expect(code).toBe(2);
    expect(err).toMatch(/reads 16 channels of block 3, which has 32 in this network/);
  });

  test("guides: results say by what, and what is no head is refused", async () => {
    const out = join(folder, "by-head");
    const argv = ["--weights", weights, "--count", "2", "--steps", "3", "--labels", "1", "--out", out];
    const { code, err } = run("sample", ...argv, "--guide-head", runFolder, "--guidance-scale", "3");
    expect(code, err).toBe(0);
    const { results } = await readRunFolder(out);
    expect(results.samples).toMatchObject({
      labels: [1, 1],
      guidance: { by: `head difformer of ${runFolder}`, scale: 3 },
    });
    const none = run("sample", ...argv, "--guide-head", mkdtempSync(join(tmpdir(), "difftap-none-")));
    expect(none.code).toBe(2);
    expect(none.err).toContain("holds no checkpoint of a head");
  });
});

describe("a noisy classifier", () => {
  const imagesOf = (out: string) =>
    readdirSync(join(folder, out, "samples")).map((name) =>
      readFileSync(join(folder, out, "samples", name), "base64"),
    );
  const guided = (out: string, ...more: string[]) =>
    run(
      ...["sample", "--weights", weights, "--count", "4", "--steps", "4", "--sampler", "ddpm"],
      ...["--out", join(folder, out), ...more],
    );

  test("changes images by its scale, and draws the same again", async () => {
    const classifier = await classifierFile(16);
    const guide = ["--classifier", classifier, "--labels", "0,3"];
    expect(guided("none").code).toBe(0);
    const strong = guided("strong", ...guide, "--guidance-scale", "50");
    expect(strong.code, strong.err).toBe(0);
    expect(guided("strong-again", ...guide, "--guidance-scale", "50", "--batch", "4").code).toBe(0);
    expect(guided("zero", ...guide, "--guidance-scale", "0").code).toBe(0);
    expect(imagesOf("zero")).toEqual(imagesOf("none"));
    expect(imagesOf("strong")).not.toEqual(imagesOf("none"));
    expect(imagesOf("strong-again")).toEqual(imagesOf("strong"));
    const { results } = await readRunFolder(join(folder, "strong"));
    expect(results.protocol).toContain("guided by classifier classifier-16.safetensors, scale 50");
    expect(results.samples!.labels).toEqual([0, 3, 0, 3]);
    const changed = guided("strong", ...guide, "--guidance-scale", "2");
    expect(changed.err).toMatch(/samples of another request: guide/);
  });

  test("of another size, of unknown architecture or without that class is refused", async () => {
    const wide = guided("wide", "--classifier", await classifierFile(32));
    expect(wide.code).toBe(2);
    expect(wide.err).toContain("classifies images of 32 px, the samples have 16");
    const label = guided("label", "--classifier", await classifierFile(16), "--labels", "4");
    expect(label.code).toBe(2);
    expect(label.err).toContain("label 4 is not one of the classes 0 to 3");
    const bare = join(mkdtempSync(join(tmpdir(), "difftap-bare-")), "bare.safetensors");
    writeFileSync(bare, readFileSync(await classifierFile(16)));
    const unknown = guided("unknown", "--classifier", bare);
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain("--classifier-architecture");
    const foreign = guided(
      "foreign",
      "--classifier",
      weights,
      "--classifier-architecture",
      join(folder, "classifier-16.json"),
    );
    expect(foreign.code).toBe(3);
    expect(foreign.err).toContain("WEIGHTS_MISMATCH");
  });
});
