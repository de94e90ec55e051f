/**
 * COCO evaluation beside pycocotools: the same objects and detections, from parsed JSON to the twelve figures, which have to be equal.
 * Usage: pnpm run bench coco [--images 5000] [--detections 100] [--mask-detections 20] [--categories 80] [--rounds 1] [--python PYTHON]
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  maskArea,
  runLengthMask,
  runsFromText,
  runsToText,
  uniforms,
} from "../../packages/core/dist/index.js";
import { evaluateDetections } from "../../packages/metrics/dist/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    images: { type: "string", default: "5000" },
    detections: { type: "string", default: "100" },
    "mask-detections": { type: "string", default: "20" },
    categories: { type: "string", default: "80" },
    rounds: { type: "string", default: "1" },
    python: {
      type: "string",
      default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
    },
  },
});
const [images, categories, rounds] = ["images", "categories", "rounds"].map((name) => Number(options[name]));
const size = { height: 480, width: 640 };
const OBJECTS = 7;

/** An ellipse as runs, column by column. */
function ellipse([left, top, width, height]) {
  const counts = [];
  let end = 0;
  for (let x = Math.max(0, Math.ceil(left)); x < Math.min(size.width, left + width); x++) {
    const half = (height / 2) * Math.sqrt(Math.max(0, 1 - ((2 * (x - left)) / width - 1) ** 2));
    const from = Math.max(0, Math.round(top + height / 2 - half));
    const to = Math.min(size.height, Math.round(top + height / 2 + half));
    if (to <= from) continue;
    counts.push(x * size.height + from - end, to - from);
    end = x * size.height + to;
  }
  return runLengthMask([...counts, size.height * size.width - end], size);
}

/** Objects of all sizes, and detections of which a third are shifted objects; both as COCO's files. */
function drawn(detections) {
  const file = { images: [], annotations: [], categories: [] };
  const results = [];
  for (let id = 1; id <= categories; id++) file.categories.push({ id, name: `category ${id}` });
  for (let image = 1; image <= images; image++) {
    file.images.push({ id: image, ...size });
    const numbers = uniforms({ seed: 1, stream: 6, index: image }, 6 * (OBJECTS + detections));
    let at = 0;
    const next = () => numbers[at++];
    const box = () => {
      const [width, height] = [8 + 250 * next() ** 2, 8 + 250 * next() ** 2];
      return [next() * (size.width - width), next() * (size.height - height), width, height];
    };
    const objects = Array.from({ length: OBJECTS }, () => ({
      bbox: box(),
      category_id: 1 + Math.floor(next() * categories),
      iscrowd: next() < 0.02 ? 1 : 0,
    }));
    for (const object of objects) {
      const mask = ellipse(object.bbox);
      const about = { id: file.annotations.length + 1, image_id: image, area: maskArea(mask) };
      file.annotations.push({ ...about, ...object, segmentation: written(mask) });
    }
    for (let place = 0; place < detections; place++) {
      const of = place % 3 === 0 ? objects[(place / 3) % OBJECTS] : undefined;
      const bbox = of ? of.bbox.map((value, i) => value + (i < 2 ? 24 : 0) * (next() - 0.5)) : box();
      const category_id = of?.category_id ?? 1 + Math.floor(next() * categories);
      results.push({
        image_id: image,
        category_id,
        bbox,
        score: next(),
        segmentation: written(ellipse(bbox)),
      });
    }
  }
  return { file, results };
}

const written = (mask) => ({ size: [mask.height, mask.width], counts: runsToText(mask) });

/** The work of createIndex and loadRes, and the evaluation. */
function own({ file, results }, kind) {
  const labels = new Map(file.categories.map(({ id }, label) => [id, label]));
  const placed = (object) => ({
    image: object.image_id,
    label: labels.get(object.category_id),
    box: object.bbox,
    mask: kind === "mask" ? runsFromText(object.segmentation.counts, size) : undefined,
  });
  return evaluateDetections({
    images: file.images.map(({ id }) => id),
    categories: file.categories,
    groundTruth: file.annotations.map((each) => ({
      ...placed(each),
      area: each.area,
      crowd: each.iscrowd === 1,
    })),
    detections: results.map((each) => ({ ...placed(each), score: each.score })),
    kind,
  });
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const folder = mkdtempSync(join(tmpdir(), "difftap-coco-"));
console.log(`${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, medians of ${rounds} rounds`);
try {
  for (const kind of ["box", "mask"]) compare(kind);
} finally {
  rmSync(folder, { recursive: true });
}

function compare(kind) {
  const detections = Number(options[kind === "mask" ? "mask-detections" : "detections"]);
  const paths = [join(folder, "truth.json"), join(folder, "results.json")];
  writeData(paths, kind, detections);
  const [file, results] = paths.map((path) => JSON.parse(readFileSync(path, "utf8")));
  const seconds = { own: [], python: [] };
  let [largest, ap] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const started = performance.now();
    const { figures } = own({ file, results }, kind);
    seconds.own.push((performance.now() - started) / 1000);
    const script = resolve(root, "tooling/bench/parts/pycocotools_eval.py");
    const judged = JSON.parse(execFileSync(options.python, [script, ...paths, kind], { encoding: "utf8" }));
    seconds.python.push(judged.seconds);
    const differences = Object.values(figures).map((value, i) => Math.abs((value ?? -1) - judged.figures[i]));
    largest = Math.max(largest, ...differences);
    ap = figures.ap;
  }
  const [mine, theirs] = [median(seconds.own), median(seconds.python)];
  console.log(
    `${kind}: ${images} images × ${detections} detections, ${categories} categories: ${mine.toFixed(2)} s, pycocotools ` +
      `${theirs.toFixed(2)} s, ${(theirs / mine).toFixed(1)} times as long; AP ${ap.toFixed(4)}, largest difference ${largest.toExponential(1)}`,
  );
  if (!(largest < 1e-9)) throw new Error("the figures are not equal");
}

/** Only what is compared: a file of half a million masks is no JSON that anybody reads. */
function writeData(paths, kind, detections) {
  const { file, results } = drawn(detections);
  const kept = (object) => (kind === "mask" ? object : { ...object, segmentation: undefined });
  writeFileSync(paths[0], JSON.stringify({ ...file, annotations: file.annotations.map(kept) }));
  writeFileSync(paths[1], JSON.stringify(results.map(kept)));
}
