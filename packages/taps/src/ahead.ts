/** Letting a source run on while its consumer is busy with something else. */

/** Something to wait for that happens again and again. */
class Bell {
  #ring: () => void = () => undefined;
  #rung = new Promise<void>((resolve) => {
    this.#ring = resolve;
  });

  ring(): void {
    this.#ring();
    this.#rung = new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  wait(): Promise<void> {
    return this.#rung;
  }
}

/**
 * Yields what `source` yields, taking items from it as they come until those that nobody has fetched yet weigh `most` together.
 * Items that came before an error are yielded before it is thrown. When the consumer stops, so does the source, after its current item.
 */
export async function* ahead<Item>(
  source: AsyncIterable<Item>,
  most: number,
  weigh: (item: Item) => number,
): AsyncGenerator<Item> {
  const waiting: Item[] = [];
  const [arrived, fetched] = [new Bell(), new Bell()];
  const state = { held: 0, stopped: false, ended: false };
  const take = async () => {
    for await (const item of source) {
      waiting.push(item);
      state.held += weigh(item);
      arrived.ring();
      while (state.held >= most && !state.stopped) await fetched.wait();
      if (state.stopped) return;
    }
  };
  const taking = take().finally(() => {
    state.ended = true;
    arrived.ring();
  });
  // Awaited below, once everything that came before a failure has been handed on.
  taking.catch(() => undefined);
  try {
    for (;;) {
      while (waiting.length === 0 && !state.ended) await arrived.wait();
      const item = waiting.shift();
      if (item === undefined) break;
      state.held -= weigh(item);
      fetched.ring();
      yield item;
    }
    await taking;
  } finally {
    state.stopped = true;
    fetched.ring();
    await taking.catch(() => undefined);
  }
}
