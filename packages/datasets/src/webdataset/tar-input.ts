/** The two ways a tar archive is walked: in place on disk, or as a stream that is being unpacked. */
import type { ByteSource } from "../files/byte-source.js";
import { refused } from "./tar-header.js";

/** A forward walk over bytes. */
export interface TarInput {
  readonly path: string;
  /** Offset of the next byte. */
  readonly position: number;
  /** The next `length` bytes. @throws DifftapError DATA_REFUSED when the archive ends before. */
  take(length: number): Promise<Uint8Array>;
  /** Moves on. @throws as `take`. */
  skip(length: number): Promise<void>;
  atEnd(): Promise<boolean>;
}

/** Read ahead of a header, so that small members cost no system call each. */
const WINDOW_BYTES = 16 * 1024;

/** Walks a source that is read in place; skipped members are not read. */
export function seekingInput(source: ByteSource): TarInput {
  let position = 0;
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  const ensure = (length: number): void => {
    if (position + length > source.size) throw truncated(source.path, position, length, source.size);
  };
  return {
    path: source.path,
    get position() {
      return position;
    },
    async take(length) {
      ensure(length);
      if (position < windowStart || position + length > windowStart + window.length) {
        windowStart = position;
        window = await source.read(
          position,
          Math.min(Math.max(length, WINDOW_BYTES), source.size - position),
        );
      }
      const start = position - windowStart;
      position += length;
      return window.slice(start, start + length);
    },
    async skip(length) {
      ensure(length);
      position += length;
    },
    atEnd: async () => position >= source.size,
  };
}

/** Walks chunks as they come; skipped bytes are dropped. */
export function streamingInput(chunks: AsyncIterator<Uint8Array>, path: string): TarInput {
  let position = 0;
  let chunk: Uint8Array = new Uint8Array(0);
  const refill = async (): Promise<boolean> => {
    while (chunk.length === 0) {
      const next = await chunks.next();
      if (next.done) return false;
      chunk = next.value;
    }
    return true;
  };
  const advance = async (length: number, use: (part: Uint8Array) => void): Promise<void> => {
    for (let done = 0; done < length; ) {
      if (chunk.length === 0 && !(await refill())) throw truncated(path, position, length - done, position);
      const part = chunk.subarray(0, length - done);
      use(part);
      chunk = chunk.subarray(part.length);
      done += part.length;
      position += part.length;
    }
  };
  return {
    path,
    get position() {
      return position;
    },
    async take(length) {
      // Parts are gathered as they come: a header may announce more bytes than there are.
      const parts: Uint8Array[] = [];
      await advance(length, (part) => parts.push(part));
      return Buffer.concat(parts, length);
    },
    skip: (length) => advance(length, () => {}),
    atEnd: async () => !(await refill()),
  };
}

function truncated(path: string, position: number, length: number, size: number): Error {
  return refused(
    path,
    `the archive is truncated: ${length} more bytes are needed at ${position}, it ends at ${size}`,
  );
}
