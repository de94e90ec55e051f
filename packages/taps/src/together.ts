/** One batch of images at all sizes, out of a loader for each. */
import type { ImageBatch, SizedBatch } from "./batches.js";

/** Takes batch after batch from all sources at once, as long as all have one. When the consumer stops, so do they. */
export async function* together(sources: readonly AsyncIterable<ImageBatch>[]): AsyncGenerator<SizedBatch> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  try {
    for (;;) {
      const taken = await Promise.all(iterators.map((iterator) => iterator.next()));
      if (taken.some(({ done }) => done)) return;
      yield joined(taken.map(({ value }) => value as ImageBatch));
    }
  } finally {
    await Promise.allSettled(iterators.map((iterator) => iterator.return?.()));
  }
}

function joined(batches: readonly ImageBatch[]): SizedBatch {
  const [{ count, labels, ids }] = batches as [ImageBatch];
  const valid = Uint8Array.from({ length: count }, (_, row) =>
    batches.every((batch) => batch.valid[row] === 1) ? 1 : 0,
  );
  const failures = new Map(batches.flatMap((batch) => batch.failures.map((one) => [one.index, one])));
  return {
    images: batches.map(({ images }) => images),
    about: { count, labels, ids, valid, failures: [...failures.values()] },
  };
}
