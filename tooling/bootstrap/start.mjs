/**
 * `npm start`: install, build, then on the embedded model and synthetic scenes: every block at three noise levels beside random
 * weights and raw pixels, four trained heads, images that the model draws; all of it on one page.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installAndBuild, repository, run } from "./pnpm.mjs";

/** Other weights or settings are another folder: in this one, what is finished is kept. */
const inputs = [
  "packages/model-scenes/assets/weights.safetensors",
  "apps/eval/presets/grid/scenes.yaml",
  "apps/eval/presets/sample/scenes.yaml",
  "apps/train/presets/head/scenes-heads.yaml",
];

installAndBuild();
const folder = `runs/scenes-${digestOf(inputs).slice(0, 8)}`;
const [grid, heads, samples] = ["grid", "heads", "samples"].map((name) => `${folder}/${name}`);
const started = performance.now();
step("apps/eval", "grid", "--preset", "scenes", "--out", grid);
step("apps/train", "head", "--preset", "scenes-heads", "--out", heads);
step("apps/eval", "sample", "--preset", "scenes", "--out", samples);
const title = "What a small diffusion model knows of synthetic scenes";
step("apps/report", grid, heads, samples, "--title", title, "--out", `${folder}/report.html`);
console.error(`${secondsSince(started)} s in all`);

/** Runs a command of an app; where it fails, this process ends with its exit code. */
function step(app, ...argv) {
  const begun = performance.now();
  const code = run(process.execPath, [`${app}/dist/bin.js`, ...argv]);
  if (code !== 0) process.exit(code);
  console.error(`${secondsSince(begun)} s\n`);
}

function secondsSince(moment) {
  return Math.round((performance.now() - moment) / 1000);
}

function digestOf(files) {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(repository, file)));
  return hash.digest("hex");
}
