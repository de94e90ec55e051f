/**
 * Non-maximum suppression of many boxes beside torchvision's C++ (or, where it is not installed, the same loop on numpy). They take turns on
 * the same boxes; medians of rounds; what is kept is compared.
 * Usage: pnpm run bench nms [--rounds 9] [--boxes 10000] [--side 1000] [--overlap 0.5] [--python PYTHON]; one class, and then eighty.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { uniforms } from "../../packages/core/dist/index.js";
import { suppressOverlaps } from "../../packages/detection/dist/index.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    boxes: { type: "string", default: "10000" },
    side: { type: "string", default: "1000" },
    overlap: { type: "string", default: "0.5" },
    python: {
      type: "string",
      default: process.env.DIFFTAP_PYTHON ?? resolve(root, ".cache/judge/bin/python"),
    },
  },
});
const [rounds, count, side] = [options.rounds, options.boxes, options.side].map(Number);
const maxOverlap = Number(options.overlap);

/** Scattered: no two alike, and many kept. Crowded: twenty about each of a few objects, as a detector gives them. */
const layouts = {
  scattered: (draws) => ({ x: draws(0), y: draws(1), spread: 0 }),
  crowded: (_, i) => ({
    x: (Math.floor(i / 20) * 0.618) % 1,
    y: (Math.floor(i / 20) * 0.755) % 1,
    spread: 0.02,
  }),
};

function candidates(layout, classes) {
  const numbers = uniforms({ seed: 1, stream: 1 }, 7 * count);
  const boxes = new Float32Array(4 * count);
  const [scores, labels] = [new Float32Array(count), new Int32Array(count)];
  for (let i = 0; i < count; i += 1) {
    const draws = (k) => numbers[7 * i + k];
    const { x, y, spread } = layouts[layout](draws, i);
    const [width, height] = [side * (0.02 + 0.08 * draws(2) ** 2), side * (0.02 + 0.08 * draws(3) ** 2)];
    const [left, top] = [side * (x + spread * draws(4)), side * (y + spread * draws(5))];
    boxes.set([left, top, left + width, top + height], 4 * i);
    scores[i] = draws(6);
    labels[i] = i % classes;
  }
  return { boxes, scores, labels };
}

const folder = mkdtempSync(join(tmpdir(), "nms-"));
const python = existsSync(options.python) ? startPython() : undefined;
if (!python) console.log("torchvision: skipped, no Python with torch was given");
const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
console.log(
  `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${count} boxes, IoU ${maxOverlap}, medians of ${rounds} rounds`,
);
for (const layout of Object.keys(layouts)) {
  for (const classes of [1, 80]) await compare(layout, classes);
}
python?.close();
rmSync(folder, { recursive: true });

async function compare(layout, classes) {
  const given = candidates(layout, classes);
  const file = join(folder, `${layout}-${classes}.bin`);
  writeFileSync(file, Buffer.concat(Object.values(given).map(({ buffer }) => Buffer.from(buffer))));
  const [own, theirs] = [[], []];
  let [kept, expected, name] = [];
  for (let round = -3; round < rounds; round += 1) {
    const started = performance.now();
    kept = suppressOverlaps(given, { maxOverlap });
    const milliseconds = performance.now() - started;
    const answered = await python?.ask(file);
    if (round < 0) continue;
    own.push(milliseconds);
    if (!answered) continue;
    theirs.push(answered.milliseconds);
    [expected, name] = [answered.kept, answered.name];
  }
  const title = `${layout}, ${classes} class${classes === 1 ? "" : "es"}`;
  const mine = `  ${title}: ${median(own).toFixed(1)} ms, ${kept.length} kept`;
  if (theirs.length === 0) return console.log(mine);
  const same = expected.length === kept.length && expected.every((each, i) => each === kept[i]);
  const ratio = (median(theirs) / median(own)).toFixed(2);
  console.log(
    `${mine}; ${name} ${median(theirs).toFixed(1)} ms: ${ratio} times as long, ${same ? "the same boxes" : `${expected.length} kept`}`,
  );
}

function startPython() {
  const script = fileURLToPath(new URL("./parts/pytorch_nms.py", import.meta.url));
  const args = [script, String(availableParallelism()), String(count), String(maxOverlap)];
  const child = spawn(options.python, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask(file) {
      child.stdin.write(`${file}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error("pytorch_nms.py ended");
      return JSON.parse(value);
    },
    close: () => child.stdin.end(),
  };
}
