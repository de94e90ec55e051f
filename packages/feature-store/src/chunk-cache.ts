/** Chunks kept in memory up to a limit of bytes; the one that was used least recently is given up first. */

export interface ChunkCache<T> {
  /**
   * What is kept under the key, or what `load` gives, which is then kept. `bytes` is what that takes; one that is larger than the limit
   * is kept alone. A load that fails is not kept.
   */
  get(key: string, bytes: number, load: () => Promise<T>): Promise<T>;
}

export function createChunkCache<T>(limit: number): ChunkCache<T> {
  // In the order of their last use: a Map keeps the order in which keys are set.
  const kept = new Map<string, { readonly bytes: number; readonly value: Promise<T> }>();
  let held = 0;
  const drop = (key: string) => {
    held -= kept.get(key)!.bytes;
    kept.delete(key);
  };
  const keep = (key: string, bytes: number, value: Promise<T>) => {
    kept.set(key, { bytes, value });
    held += bytes;
    for (const oldest of kept.keys()) {
      if (held <= limit || oldest === key) break;
      drop(oldest);
    }
  };
  return {
    get(key, bytes, load) {
      const found = kept.get(key);
      if (found) {
        kept.delete(key);
        kept.set(key, found);
        return found.value;
      }
      const value = load();
      keep(key, bytes, value);
      value.catch(() => {
        if (kept.get(key)?.value === value) drop(key);
      });
      return value;
    },
  };
}
