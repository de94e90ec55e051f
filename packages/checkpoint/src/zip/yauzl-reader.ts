/** Lets yauzl read the central directory through our file, in pages instead of 46 bytes at a time. */
import { RandomAccessReader } from "yauzl";
import type { RandomAccessFile } from "../random-access-file.js";

/** A page holds the central directory of a few hundred members. */
const PAGE_BYTES = 1 << 16;

type ReadCallback = (error: Error | null, bytesRead?: number) => void;

export class PagedReader extends RandomAccessReader {
  private page: { start: number; bytes: Uint8Array } = { start: 0, bytes: new Uint8Array(0) };

  constructor(private readonly file: RandomAccessFile) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: ReadCallback,
  ): void {
    this.bytesAt(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null, length);
      },
      (error: Error) => callback(error),
    );
  }

  /** The file outlives the directory: its owner closes it. */
  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }

  private async bytesAt(position: number, length: number): Promise<Uint8Array> {
    const { start, bytes } = this.page;
    if (position >= start && position + length <= start + bytes.length) {
      return bytes.subarray(position - start, position - start + length);
    }
    const available = Math.max(length, Math.min(PAGE_BYTES, this.file.size - position));
    this.page = { start: position, bytes: await this.file.read(position, available, "the zip directory") };
    return this.page.bytes.subarray(0, length);
  }
}
