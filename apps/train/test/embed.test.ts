/** A pretraining that becomes the embedded model. */
import { spawnSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { openWeights } from "@difftap/checkpoint";
import { expect, test } from "vitest";
import { folder, train } from "./world.js";

const program = resolve(import.meta.dirname, "../../../tooling/embed/embed.mjs");
const architecture = {
  flags: { image_size: 16, num_channels: 32, num_res_blocks: 1, channel_mult: "1,1", learn_sigma: true },
};
const out = join(folder, "embedded");
const pretraining = (steps: number) => [
  ...["backbone", "--architecture", JSON.stringify(architecture), "--data", "scenes:count=8,size=16,seed=1"],
  ...["--batch", "2", "--samples", "0", "--half", "--checkpoint-every", "50", "--steps", String(steps)],
];

function embed(run: string, to: string) {
  const { status, stderr } = spawnSync(process.execPath, [program, run, "--to", join(folder, to)]);
  return { code: status, err: stderr.toString() };
}

const bytesOf = (files: string) =>
  readdirSync(join(folder, files))
    .sort()
    .map((name) => [name, readFileSync(join(folder, files, name)).toString("base64")]);

test("a finished run becomes the package's files, the same each time; its recipe makes the weights again", async () => {
  const made = train(...pretraining(52), "--out", out);
  expect(made.code, made.err).toBe(0);
  for (const to of ["assets", "assets-again"]) expect(embed(out, to)).toEqual({ code: 0, err: "" });
  expect(bytesOf("assets")).toEqual(bytesOf("assets-again"));
  expect(bytesOf("assets").map(([name]) => name)).toEqual([
    "architecture.json",
    "log.csv",
    "recipe.yaml",
    "weights.safetensors",
  ]);

  const { tensors, close } = await openWeights(join(folder, "assets/weights.safetensors"));
  for (const { dtype, shape } of tensors.values())
    expect(dtype).toBe(shape.length > 1 ? "float16" : "float32");
  await close();

  const [header, ...rows] = readFileSync(join(folder, "assets/log.csv"), "utf8").trim().split("\n");
  expect(header).toBe("step,epoch,loss,mse,vb,gradientNorm,learningRate");
  expect(rows.map((row) => row.split(",").slice(0, 2))).toEqual([
    ["50", "12.5"],
    ["52", "13"],
  ]);
  const lines = readFileSync(join(out, "metrics.jsonl"), "utf8").trim().split("\n");
  const losses = lines.map((line) => (JSON.parse(line) as { values: { loss: number } }).values.loss);
  const mean = losses.slice(0, 50).reduce((sum, loss) => sum + loss, 0) / 50;
  expect(Number(rows[0]!.split(",")[2])).toBeCloseTo(mean, 4);

  const again = join(folder, "embedded-again");
  const remade = train("backbone", "--config", join(folder, "assets/recipe.yaml"), "--out", again);
  expect(remade.code, remade.err).toBe(0);
  expect(readFileSync(join(again, "weights.safetensors"))).toEqual(
    readFileSync(join(out, "weights.safetensors")),
  );
});

test("a run that went on after its weights were written is refused", () => {
  const longer = join(folder, "embedded-longer");
  expect(train(...pretraining(4), "--out", longer).code).toBe(0);
  copyFileSync(join(out, "metrics.jsonl"), join(longer, "metrics.jsonl"));
  const { code, err } = embed(longer, "refused");
  expect(err).toContain("is at step 52, its weights are of step 4");
  expect(code).toBe(1);
});
