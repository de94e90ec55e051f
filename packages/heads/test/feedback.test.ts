/** The second pass by itself, against tensors that the authors' code computed. */
import { describeEngines } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFeedback } from "../src/index.js";
import { diffeedCases, diffeedFolder, diffeedMissing, readCase } from "./diffeed-fixtures.js";
import { firstPass, tensorOf } from "./first-pass.js";
import { openFixture } from "./fixtures.js";
import { networkOf, openUnet, readCheckpoint, type Unet } from "./networks.js";
import { difference } from "./reference-steps.js";

const title = diffeedMissing ? "feedback (skipped: no fixtures beside the repository)" : "feedback";

/** The largest difference of each map that is read in pass 2. */
function compare(name: string, unet: Unet): Record<string, number> {
  const { spec, taps, second, side, timesteps } = readCase(name);
  const fixture = openFixture(`${diffeedFolder}/${name}/expected.safetensors`);
  const made = createFeedback({
    feedback: spec.feedback as { blocks: number[]; module: string },
    taps: taps.filter(({ block }) => second.includes(block)),
    network: networkOf(unet, { height: side, width: side }),
    seed: 0,
  });
  for (const [key, variable] of made.variables) variable.assign(tensorOf(fixture.read(`init.${key}`)));
  const maps = made.run(firstPass(unet, made.needed, fixture), { training: true });
  const named = made.taps.map(({ name: tap, block, timestep }) => {
    const expected = fixture.read(`step1.t${timestep}.second_pass.block.${block}`);
    return [tap, difference(maps[tap]!, expected)] as const;
  });
  expect(named).toHaveLength(second.length * timesteps.length);
  return Object.fromEntries(named);
}

describe.skipIf(diffeedMissing)(title, () => {
  describe.each(diffeedCases)("%s", (name) => {
    describeEngines("on", () => {
      let unet: Unet;
      beforeAll(async () => {
        const weights = await readCheckpoint(`${diffeedFolder}/${name}/model.pt`);
        unet = await openUnet(readCase(name).architecture, weights);
      });
      afterAll(() => unet.dispose());

      test("gives the taps of pass 2", () => {
        const figures = tf.tidy(() => compare(name, unet));
        for (const [tap, figure] of Object.entries(figures)) expect(figure, tap).toBeLessThan(1e-4);
      });
    });
  });
});

test("a network that cannot resume is refused", () => {
  const network = { blocks: [], size: { height: 8, width: 8 } };
  const request = { feedback: { blocks: [4], module: "C_B_R" }, taps: [], network, seed: 0 };
  expect(() => createFeedback(request)).toThrow("feedback needs a network that can resume in the middle");
});
