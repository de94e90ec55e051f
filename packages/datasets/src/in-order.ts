/** Concurrency with bounds: results in order with a few made ahead, and a cap on what runs at once. */

/**
 * Yields `make(0)`, `make(1)`, … in order, starting at most `ahead` beyond the one being used.
 * When the consumer stops or one fails, nothing further is started, `stopped` fires, and what runs is awaited.
 */
export async function* inOrder<T>(
  count: number,
  ahead: number,
  make: (index: number, stopped: AbortSignal) => Promise<T>,
): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  const stop = new AbortController();
  let started = 0;
  const start = (): void => {
    while (started < count && running.length <= ahead) {
      const promise = Promise.resolve(started++).then((index) => make(index, stop.signal));
      promise.catch(() => {}); // it is looked at when its turn comes
      running.push(promise);
    }
  };
  try {
    start();
    while (running.length > 0) {
      const value = await running[0]!;
      running.shift();
      start();
      yield value;
    }
  } finally {
    stop.abort();
    await Promise.allSettled(running);
  }
}

export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** Runs at most `most` tasks at once, in the order they are handed in. */
export function limiter(most: number): Limiter {
  let free = most;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
