/** Lets yauzl read through our file: the central directory in pages, anything later byte for byte. */
import { RandomAccessReader } from "yauzl";
import type { RandomAccessFile } from "../random-access-file.js";

/** A page holds the central directory of a few hundred members. */
const DIRECTORY_PAGE_BYTES = 1 << 16;

type ReadCallback = (error: Error | null, bytesRead?: number) => void;

export class PagedReader extends RandomAccessReader {
  private pageBytes = DIRECTORY_PAGE_BYTES;
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

  /** From here on a local header is read as its 30 bytes, not as a page of its tensor. */
  directoryIsRead(): void {
    this.pageBytes = 0;
    this.page = { start: 0, bytes: new Uint8Array(0) };
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
    const available = Math.max(length, Math.min(this.pageBytes, this.file.size - position));
    this.page = { start: position, bytes: await this.file.read(position, available, "the zip directory") };
    return this.page.bytes.subarray(0, length);
  }
}
