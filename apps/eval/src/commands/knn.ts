/** `difftap-eval knn`: neighbours vote; nothing is trained. */
import { type CommandSpec, finiteNumber, flag, option, textTable, wholeNumbers } from "@difftap/command-line";
import { castVotes, DEFAULT_TEMPERATURE, nearestNeighbours } from "@difftap/metrics";
import { accuracyOf } from "../compose/probing.js";
import { readPair, storeOptions } from "../compose/stored.js";

const options = {
  ...storeOptions,
  k: option("<list>", "numbers of neighbours", wholeNumbers().default([20])),
  temperature: option(
    "<number>",
    "votes weigh exp(cosine similarity / temperature)",
    finiteNumber(0).default(DEFAULT_TEMPERATURE),
  ),
  plain: flag("every neighbour's vote counts one"),
};

export const knn: CommandSpec<typeof options> = {
  name: "knn",
  about: "k-nearest-neighbour classification on one array of stored features",
  example: "difftap-eval knn --train train.zarr --test test.zarr --array t50/b09 --k 1,20",
  options,
  run: async (settings, context) => {
    const { train, test, array, classes } = await readPair(settings, context);
    const k = Math.max(...settings.k);
    const neighbours = await nearestNeighbours({
      train: train.features,
      test: test.features,
      k,
      signal: context.signal,
    });
    const temperature = settings.plain ? "plain" : settings.temperature;
    const results = settings.k.map((count) => {
      const { votes } = castVotes(neighbours, count, { trainLabels: train.labels, classes, temperature });
      return { k: count, ...accuracyOf(votes, test.labels, classes) };
    });
    const protocol = `k-NN, cosine similarity, ${temperature === "plain" ? "plain votes" : `temperature ${temperature}`}, no seed`;
    if (context.json)
      return context.terminal.data(
        `${JSON.stringify({ array, protocol, split: "test", results }, null, 2)}\n`,
      );
    const rows = results.map(({ k: count, top1, interval: [low, high], n }) => [
      String(count),
      top1.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`,
      String(n),
    ]);
    context.terminal.data(
      `${array}: ${protocol}, test split\n${textTable(["k", "top-1, %", "95 % interval", "n"], rows)}`,
    );
  },
};
