/** DifFeed through the differentiable network, against tensors that the authors' code computed. */
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHead, type Head, type HeadNetwork, restoreHead } from "../src/index.js";
import { createFeedbackModule } from "../src/layers/feedback-module.js";
import { casesOn, type DiffeedCase, diffeedFolder, diffeedMissing, readCase } from "./diffeed-fixtures.js";
import { firstPass, tensorOf } from "./first-pass.js";
import { type Fixture, openFixture } from "./fixtures.js";
import { networkOf, openUnet, readCheckpoint, type Unet } from "./networks.js";
import { difference, differentiate } from "./reference-steps.js";

const TOLERANCE = 1e-4;
const title = diffeedMissing ? "DifFeed (skipped: no fixtures beside the repository)" : "DifFeed";

type Note = (what: string, found: tf.Tensor) => void;

/** Notes what pass 2 reads, and lets everything else through. */
function watched(network: HeadNetwork, given: DiffeedCase, note: Note): HeadNetwork {
  return {
    ...network,
    resume(state, visit) {
      network.resume!(state, (block, value) => {
        const answer = visit(block, value);
        const seen = typeof answer === "object" ? (answer.replace ?? value) : value;
        if (given.second.includes(block.number)) {
          note(`step1.t${state.timestep}.second_pass.block.${block.number}`, seen);
        }
        return answer;
      });
    },
  };
}

function initialHead(given: DiffeedCase, fixture: Fixture, network: HeadNetwork): Head {
  const { spec, taps, classes } = given;
  const fresh = createHead({ head: "diffeed", spec, taps, classes, seed: 0, network });
  const keys = [...fresh.variables.keys(), ...fresh.buffers.keys()];
  const tensors = Object.fromEntries(keys.map((key) => [key, fixture.read(`init.${key}`)]));
  fresh.dispose();
  return restoreHead({ description: fresh.description, tensors }, undefined, network);
}

/** What the modules make of pass 1, alone. */
function compareFeedback(
  given: DiffeedCase,
  fixture: Fixture,
  pass: Record<string, tf.Tensor>,
  note: Note,
): void {
  const { module } = given.spec.feedback as { module: string };
  given.feedback.forEach((block, index) => {
    const name = `feedback.${index}`;
    const [outputs, inputs] = fixture.read(`init.${name}.0.weight`).shape as [number, number];
    const made = createFeedbackModule(name, { module, inputs, outputs, seed: 0 });
    for (const [key, variable] of made.variables) variable.assign(tensorOf(fixture.read(`init.${key}`)));
    for (const timestep of given.timesteps) {
      const maps = pass[`t${timestep}/b${String(block).padStart(2, "0")}-map`] as tf.Tensor4D;
      note(`step1.t${timestep}.feedback_of_block.${block}`, made.forward(maps, { training: true }));
    }
  });
}

function compareStep(name: string, unet: Unet): Record<string, number> {
  const given = readCase(name);
  const fixture = openFixture(`${diffeedFolder}/${name}/expected.safetensors`);
  const figures: Record<string, number> = {};
  const note: Note = (what, found) => {
    figures[what] = difference(found, fixture.read(what));
  };
  let watching: Note | undefined = note;
  const plain = networkOf(unet, { height: given.side, width: given.side });
  const network = watched(plain, given, (what, found) => watching?.(what, found));
  const head = initialHead(given, fixture, network);
  const features = firstPass(unet, head.inputs, fixture);
  compareFeedback(given, fixture, features, note);
  const labels = tf.oneHot(tf.tensor1d(Array.from(fixture.read("labels").data), "int32"), given.classes);
  const { loss, logits, gradientOf } = differentiate(head, features, labels);
  watching = undefined;
  note("step1.logits", logits);
  note("step1.loss", loss);
  for (const [key, variable] of head.variables) {
    note(`step1.grad.${key}`, gradientOf(variable));
    variable.assign(tf.sub(variable, tf.mul(gradientOf(variable), given.rate)));
  }
  for (const [key, kept] of [...head.variables, ...head.buffers]) note(`step1.after.${key}`, kept);
  note("eval.logits", head.forward(features, { training: false }));
  return figures;
}

describe.skipIf(diffeedMissing)(title, () => {
  describeEngines("on", (engine) => {
    describe.each(casesOn(engine))("%s", (name) => {
      let unet: Unet;
      beforeAll(async () => {
        unet = await openUnet(
          readCase(name).architecture,
          await readCheckpoint(`${diffeedFolder}/${name}/model.pt`),
        );
      });
      afterAll(() => unet.dispose());

      test("one SGD step, then evaluation; the network stays what it was", () => {
        const before = [...unet.variables.values()].map((variable) => variable.dataSync().slice());
        tf.engine().startScope();
        const figures = compareStep(name, unet);
        tf.engine().endScope();
        const { names } = openFixture(`${diffeedFolder}/${name}/expected.safetensors`);
        const wanted = names.filter((key) => /^(step1|eval)\./.test(key));
        expect(Object.keys(figures).sort()).toEqual(wanted.sort());
        const worst = Object.entries(figures).sort(([, a], [, b]) => b - a)[0]!;
        if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${engine} ${name}: ${worst}\n`);
        for (const [what, figure] of Object.entries(figures)) expect(figure, what).toBeLessThan(TOLERANCE);
        expect([...unet.variables.values()].map((variable) => variable.dataSync())).toEqual(before);
      });
    });
  });
});
