/** Each optimiser against its formula in float64, and against PyTorch, over ten steps with a changing learning rate. */
import { readdirSync } from "node:fs";
import { elementCount, normals } from "@difftap/core";
import { selectEngine, tf } from "@difftap/engine";
import { describeEngines } from "@difftap/testing/engines";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { optimizerOf, optimizerSettings, optimizers } from "../src/optimizer-registry.js";
import { judge, judgeIsMissing, judgeNote } from "./judge.js";

type Settings = z.input<typeof optimizerSettings>;

const STEPS = 10;
const shapes = { matrix: [4, 3], vector: [3], scalar: [], kernel: [2, 2, 3], still: [2, 3] };
const names = Object.keys(shapes) as (keyof typeof shapes)[];
const sizeOf = (name: keyof typeof shapes) => elementCount(shapes[name]);
const rateOf = (step: number) => 0.1 / step;

/** `still` is zero with gradients of zero at first, which LARS treats apart. */
const initial = names.map((name, i) =>
  Array.from(normals({ seed: 1, stream: 1, index: i }, sizeOf(name)), (each) =>
    name === "still" ? 0 : each,
  ),
);
const gradientOf = (step: number, i: number) =>
  Array.from(normals({ seed: 2, stream: step, index: i }, sizeOf(names[i]!)), (each) =>
    names[i] === "still" && step < 3 ? 0 : each,
  );

const cases: [string, Settings][] = [
  ["SGD", { kind: "sgd" }],
  ["SGD, weight decay", { kind: "sgd", weightDecay: 0.1 }],
  ["SGD, momentum", { kind: "sgd", momentum: 0.9, weightDecay: 0.01 }],
  ["SGD, Nesterov", { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 0.01 }],
  ["Adam", { kind: "adam" }],
  ["Adam, all settings", { kind: "adam", beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.1 }],
  ["AdamW", { kind: "adamw" }],
  ["AdamW, all settings", { kind: "adamw", beta1: 0.8, beta2: 0.95, epsilon: 1e-4, weightDecay: 0.3 }],
  ["LARS", { kind: "lars" }],
  ["LARS, all settings", { kind: "lars", momentum: 0.8, weightDecay: 0.1, trustCoefficient: 0.02 }],
];

type Numbers = Partial<Record<string, number>>;

interface Memory {
  first: number[];
  second: number[];
}

/** One step of one parameter in float64, written from the formulas alone. */
function move(w: number[], g: number[], memory: Memory, step: number, rank: number, settings: Settings) {
  const { kind, ...given } = settings;
  const { momentum = kind === "lars" ? 0.9 : 0, weightDecay = kind === "adamw" ? 0.01 : 0 } =
    given as Numbers;
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, trustCoefficient = 1e-3 } = given as Numbers;
  const nesterov = "nesterov" in given && given.nesterov;
  const rate = rateOf(step);
  const norm = (v: number[]) => Math.hypot(...v);
  const decayed =
    kind === "adamw" || (kind === "lars" && rank < 2) ? g : g.map((x, i) => x + weightDecay * w[i]!);
  if (kind === "adam" || kind === "adamw") {
    memory.first = memory.first.map((m, i) => beta1 * m + (1 - beta1) * decayed[i]!);
    memory.second = memory.second.map((v, i) => beta2 * v + (1 - beta2) * decayed[i]! ** 2);
    const shrink = kind === "adamw" ? 1 - rate * weightDecay : 1;
    return w.map((x, i) => {
      const mean = memory.first[i]! / (1 - beta1 ** step);
      const square = memory.second[i]! / (1 - beta2 ** step);
      return shrink * x - (rate * mean) / (Math.sqrt(square) + epsilon);
    });
  }
  const trusted = kind === "lars" && rank >= 2 && norm(w) > 0 && norm(decayed) > 0;
  const trust = trusted ? (trustCoefficient * norm(w)) / norm(decayed) : 1;
  memory.first = memory.first.map((v, i) => momentum * v + trust * decayed[i]!);
  return w.map((x, i) => {
    const change = nesterov ? decayed[i]! + momentum * memory.first[i]! : memory.first[i]!;
    return x - rate * change;
  });
}

function byFormula(settings: Settings): number[][] {
  return names.map((name, i) => {
    const zeros = () => initial[i]!.map(() => 0);
    const memory: Memory = { first: zeros(), second: zeros() };
    let weights = initial[i]!;
    for (let step = 1; step <= STEPS; step++)
      weights = move(weights, gradientOf(step, i), memory, step, shapes[name].length, settings);
    return weights;
  });
}

function byOptimizer(settings: Settings): number[][] {
  const variables = new Map(
    names.map((name, i) => [name, tf.tidy(() => tf.variable(tf.tensor(initial[i]!, shapes[name])))]),
  );
  const optimizer = optimizerOf(optimizerSettings.parse(settings), variables);
  const held = tf.memory().numTensors;
  for (let step = 1; step <= STEPS; step++) {
    tf.tidy(() => {
      const gradients = names.map((name, i) => [name, tf.tensor(gradientOf(step, i), shapes[name])] as const);
      optimizer.update(new Map<string, tf.Tensor>(gradients), { rate: rateOf(step), step });
    });
    expect(tf.memory().numTensors).toBe(held);
  }
  const weights = names.map((name) => Array.from(variables.get(name)!.dataSync()));
  expect([...variables.values()].map(({ shape }) => shape)).toEqual(names.map((name) => shapes[name]));
  optimizer.dispose();
  tf.dispose([...variables.values()]);
  return weights;
}

/** The largest difference over the largest value. */
function worst(found: number[][], expected: number[][]): number {
  const pairs = found.flatMap((values, i) => values.map((value, j) => Math.abs(value - expected[i]![j]!)));
  return Math.max(...pairs) / Math.max(...expected.flat().map(Math.abs));
}

test("every file of optimizers/ is in the registry", () => {
  const files = readdirSync(new URL("../src/optimizers", import.meta.url)).map((file) =>
    file.replace(".ts", ""),
  );
  expect(files.sort()).toEqual(optimizers.map(({ settings }) => settings.shape.kind.value).sort());
});

describeEngines("on", () => {
  test.each(cases)("%s is its formula", (_, settings) => {
    expect(worst(byOptimizer(settings), byFormula(settings))).toBeLessThan(1e-6);
  });

  test("a parameter that no gradient reaches is named", () => {
    const weight = tf.variable(tf.zeros([2]));
    const optimizer = optimizerOf(optimizerSettings.parse({ kind: "sgd" }), new Map([["fc.weight", weight]]));
    expect(() => optimizer.update(new Map(), { rate: 1, step: 1 })).toThrow(
      expect.objectContaining({ code: "NUMERIC", message: "no gradient reaches parameter fc.weight" }),
    );
  });
});

/** LARS as `util/lars.py` of facebookresearch/mae has it. */
const script = `
import torch
torch.set_num_threads(1)
class LARS(torch.optim.Optimizer):
    def __init__(self, params, lr=0, weight_decay=0, momentum=0.9, trust_coefficient=0.001):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, momentum=momentum, trust_coefficient=trust_coefficient))
    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g["params"]:
                dp = p.grad
                if p.ndim > 1:
                    dp = dp.add(p, alpha=g["weight_decay"])
                    param_norm, update_norm = torch.norm(p), torch.norm(dp)
                    one = torch.ones_like(param_norm)
                    dp = dp.mul(torch.where(param_norm > 0., torch.where(update_norm > 0, g["trust_coefficient"] * param_norm / update_norm, one), one))
                state = self.state[p]
                if "mu" not in state: state["mu"] = torch.zeros_like(p)
                state["mu"].mul_(g["momentum"]).add_(dp)
                p.add_(state["mu"], alpha=-g["lr"])
rename = {"weightDecay": "weight_decay", "trustCoefficient": "trust_coefficient", "epsilon": "eps"}
results = []
for settings in given["cases"]:
    kind = settings.pop("kind")
    betas = {"betas": (settings.pop("beta1"), settings.pop("beta2"))} if "beta1" in settings else {}
    options = {rename.get(k, k): v for k, v in settings.items()}
    params = [torch.tensor(v, dtype=torch.float32).reshape(s).requires_grad_() for v, s in zip(given["initial"], given["shapes"])]
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "lars": LARS}[kind]
    optimizer = make(params, lr=0.1, **options, **betas)
    for rate, gradients in zip(given["rates"], given["gradients"]):
        for group in optimizer.param_groups: group["lr"] = rate
        for p, g, s in zip(params, gradients, given["shapes"]): p.grad = torch.tensor(g, dtype=torch.float32).reshape(s)
        optimizer.step()
    results.append([p.detach().flatten().tolist() for p in params])
print(json.dumps(results))
`;

describe.skipIf(judgeIsMissing)(`beside PyTorch${judgeNote}`, () => {
  test("every optimiser takes the same ten steps", async () => {
    await selectEngine("cpu");
    const steps = Array.from({ length: STEPS }, (_, i) => i + 1);
    const expected = judge(script, {
      cases: cases.map(([, settings]) => settings),
      shapes: names.map((name) => shapes[name]),
      initial,
      rates: steps.map(rateOf),
      gradients: steps.map((step) => names.map((_, i) => gradientOf(step, i))),
    }) as number[][][];
    cases.forEach(([name, settings], i) => {
      expect(worst(byOptimizer(settings), expected[i]!), name).toBeLessThan(1e-6);
    });
  });
});
