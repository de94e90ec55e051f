/** `npm start`: install, build, run the main job on the embedded default, say where the report is. */
import { installAndBuild, run } from "./pnpm.mjs";

installAndBuild();
const folder = "runs/scenes";
const steps = [
  ["apps/eval/dist/bin.js", "grid", "--preset", "scenes", "--out", folder],
  ["apps/report/dist/bin.js", folder, "--out", `${folder}/report.html`],
];
for (const step of steps) {
  const code = run(process.execPath, step);
  if (code !== 0) process.exit(code);
}
