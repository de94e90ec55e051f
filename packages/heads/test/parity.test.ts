import { describeEngines, start } from "@difftap/testing/engines";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { createHead } from "../src/index.js";
import { cases, fixturesMissing, openFixture, specOf, tapsOf } from "./fixtures.js";
import { compare } from "./reference-steps.js";

const title = fixturesMissing
  ? "reference steps (skipped: no fixtures beside the repository)"
  : "reference steps";

describe.skipIf(fixturesMissing)(title, () => {
  describeEngines("on", (engine) => {
    test.each(Object.entries(cases))(
      "%s: two SGD steps with momentum and weight decay, then evaluation",
      (name, given) => {
        const fixture = openFixture();
        tf.engine().startScope();
        const figures = compare(name, given, fixture);
        tf.engine().endScope();
        const expected = fixture.names.filter((key) => key.startsWith(`${name}.`) && !key.includes(".init."));
        expect(Object.keys(figures).sort()).toEqual(expected.sort());
        const worst = Object.entries(figures).sort(([, a], [, b]) => b - a)[0]!;
        if (process.env.DIFFTAP_FIGURES) process.stdout.write(`${engine} ${name}: ${worst}\n`);
        for (const [what, figure] of Object.entries(figures)) expect(figure, what).toBeLessThan(1e-4);
      },
    );
  });

  test.each(Object.entries(cases))("%s has the reference's parameters", async (_, given) => {
    await start("cpu");
    const { head, classes, params } = given;
    const { variables } = createHead({ head, spec: specOf(given), taps: tapsOf(given), classes, seed: 0 });
    expect([...variables.values()].reduce((sum, { size }) => sum + size, 0)).toBe(params);
  });
});
