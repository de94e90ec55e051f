/** The name of a checkpoint's content. */
import { createHash } from "node:crypto";
import { openRandomAccess } from "./random-access-file.js";

/** Enough to keep the disk busy; small beside any tensor. */
const BYTES_PER_READ = 4 << 20;

/**
 * sha256 of the file, hexadecimal, computed in pieces.
 * @throws DifftapError FILE_MISSING, READ_FAILED.
 */
export async function weightsDigest(path: string): Promise<string> {
  const file = await openRandomAccess(path);
  try {
    const hash = createHash("sha256");
    for (let offset = 0; offset < file.size; offset += BYTES_PER_READ) {
      hash.update(await file.read(offset, Math.min(BYTES_PER_READ, file.size - offset), "the digest"));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
