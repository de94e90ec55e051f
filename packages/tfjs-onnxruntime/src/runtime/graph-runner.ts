/** Hands what is recorded over to the runtime thread: planned, known again where it was seen before, compiled where it was not. */
import { ModelCache } from "../graph/model-cache.js";
import { planGraph } from "../graph/plan.js";
import type { Recorder } from "../graph/recorder.js";
import type { Value } from "../graph/value.js";
import type { FedNumber, Upload } from "./protocol.js";
import type { RuntimeThread } from "./runtime-thread.js";

export class GraphRunner {
  readonly #thread: RuntimeThread;
  readonly #models: ModelCache;
  #milliseconds = 0;

  /** @param cacheBytes that compiled graphs may need together. */
  constructor(thread: RuntimeThread, cacheBytes: number) {
    this.#thread = thread;
    this.#models = new ModelCache(cacheBytes);
  }

  /** Graphs known by their signature, and the time spent planning and handing over, waiting for the thread included. */
  get statistics(): { graphs: number; planMilliseconds: number } {
    return { graphs: this.#models.size, planMilliseconds: this.#milliseconds };
  }

  /** Runs what the pending values need; does not wait for it. */
  run(recorder: Recorder): void {
    const started = performance.now();
    const { values } = recorder;
    const plan = planGraph(values.pending);
    if (plan.outputs.length === 0) {
      this.#thread.release(values.takeReleased(), this.#models.takeDropped());
    } else {
      const { session, fed, model } = this.#models.find(plan);
      this.#thread.run({
        kind: "run",
        session,
        model,
        uploads: plan.feeds.flatMap(uploadOf),
        feeds: plan.feeds.map(({ id }) => id),
        numbers: fed.map((place): FedNumber => ({ place, ...plan.numbers[place]! })),
        outputs: plan.outputs.map((output) => output.values.map(({ id }) => id)),
        released: [...values.takeReleased(), ...unheld(plan.feeds)],
        dropped: this.#models.takeDropped(),
      });
      values.settle();
    }
    recorder.startAnew();
    this.#milliseconds += performance.now() - started;
  }
}

/** Hands a host value over; its data goes with it. */
function uploadOf(value: Value): Upload[] {
  const { id, dtype, shape, state } = value;
  if (state.kind !== "host") return [];
  value.state = { kind: "resident" };
  return [{ id, dtype, shape, data: state.data }];
}

/** Values that were disposed between being recorded and being fed. */
function unheld(feeds: readonly Value[]): number[] {
  return feeds.flatMap(({ id, references }) => (references > 0 ? [] : [id]));
}
