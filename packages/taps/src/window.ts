/** Keeping several runs of a session under way while results come out in order. */

/**
 * Runs `start` for every item, at most `width` of them under way or waiting to be taken, and yields the results in the order
 * of the items. When one fails, or the consumer stops, what is under way is awaited before this returns: nobody else will.
 */
export async function* inOrder<Item, Result>(
  items: AsyncIterable<Item>,
  width: number,
  start: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const started: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const running = start(item);
      // It is awaited when its turn comes; a failure before that must not count as unhandled.
      running.catch(() => undefined);
      started.push(running);
      if (started.length >= width) yield await started[0]!.finally(() => started.shift());
    }
    while (started.length > 0) yield await started[0]!.finally(() => started.shift());
  } finally {
    await Promise.allSettled(started);
  }
}
