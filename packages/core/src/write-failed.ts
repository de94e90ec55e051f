/** One way to say that the operating system would not write. */
import { DifftapError, isDifftapError } from "./errors.js";

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: free some room or choose another folder; what was written before is intact",
  EDQUOT: "the quota is used up: free some room or choose another folder",
  EACCES: "you may not write there: choose another folder or change its permissions",
  EPERM: "you may not write there: choose another folder or change its permissions",
  EROFS: "the file system is read-only: choose another folder",
  EMFILE: "too many files are open: raise the limit (ulimit -n) or use fewer workers",
  ENFILE: "too many files are open on this machine",
  EEXIST: "a part of the path is a file, not a folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EISDIR: "there is a folder of that name",
  EIO: "the device reports an error: check the disk",
};

/** WRITE_FAILED for `path`; a DifftapError passes through unchanged. */
export function writeFailed(path: string, cause: unknown): DifftapError {
  if (isDifftapError(cause)) return cause;
  const { code = "unknown", message } = cause as NodeJS.ErrnoException;
  return new DifftapError("WRITE_FAILED", `cannot write ${path}: ${message}`, {
    hint: HINTS[code] ?? "check that the folder exists, may be written and has room",
    details: { path, errno: code },
    cause,
  });
}
