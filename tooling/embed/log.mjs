/** metrics.jsonl as a short table: means over 50 steps at a time. */

const STEPS = 50;
const columns = ["loss", "mse", "vb", "gradientNorm", "learningRate"];

/** CSV with a row for every 50 steps and one for what is left; the learning rate is that of the row's last step. */
export function logOf(metrics) {
  const lines = metrics.filter(({ split }) => split === "train");
  const rows = [];
  for (let start = 0; start < lines.length; start += STEPS)
    rows.push(rowOf(lines.slice(start, start + STEPS)));
  return `${["step", "epoch", ...columns].join(",")}\n${rows.join("\n")}\n`;
}

function rowOf(lines) {
  const { step, epoch, values } = lines.at(-1);
  const mean = (name) => lines.reduce((sum, line) => sum + line.values[name], 0) / lines.length;
  const cells = columns.map((name) => (name === "learningRate" ? values[name] : mean(name)));
  return [step, ...[epoch, ...cells].map((value) => Number(value.toPrecision(5)))].join(",");
}
