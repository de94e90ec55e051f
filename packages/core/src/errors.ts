/**
 * Errors that say what is wrong, where, with which value, and what to do about it.
 *
 * ```ts
 * import { DifftapError, isDifftapError } from "@difftap/core";
 *
 * try {
 *   throw new DifftapError("REQUEST_INVALID", "block 99 does not exist", {
 *     hint: "blocks are numbered 1 to 37",
 *     details: { block: 99 },
 *   });
 * } catch (error) {
 *   if (isDifftapError(error, "REQUEST_INVALID")) console.error(error.hint);
 * }
 * ```
 */

/** Process exit codes: 0 done, 1 failed, 2 wrong use or configuration, 3 data refused (never retry), 130 interrupted. */
export type ExitCode = 1 | 2 | 3 | 130;

/** The closed list of error codes and the exit code each one gives a command. */
export const errorCodes = {
  /** A command line or function was called with arguments that make no sense. */
  USAGE_INVALID: 2,
  /** A configuration, preset or spec has a wrong or unknown value. */
  CONFIG_INVALID: 2,
  /** A feature request asks for a block, timestep, pool or size that does not exist. */
  REQUEST_INVALID: 2,
  /** A file or folder that was named is not there. */
  FILE_MISSING: 2,
  /** An architecture cannot be told from what was given. */
  ARCHITECTURE_UNKNOWN: 2,
  /** Something legal that this build does not do. */
  UNSUPPORTED: 2,
  /** A store, run folder or checkpoint belongs to another request. */
  STORE_MISMATCH: 2,
  /** Tensors missing, surplus or of another shape than the architecture needs. */
  WEIGHTS_MISMATCH: 3,
  /** A checkpoint that is malformed, hostile or damaged. */
  CHECKPOINT_REFUSED: 3,
  /** A data set or file in a format that does not hold to its rules. */
  DATA_REFUSED: 3,
  /** An image that cannot be decoded, or is over a limit. */
  IMAGE_CORRUPT: 3,
  /** Labels that do not fit the images, the classes or each other. */
  LABELS_MISMATCH: 3,
  /** A store whose bytes do not match their checksum or its metadata. */
  STORE_CORRUPT: 3,
  /** The operating system could not read. */
  READ_FAILED: 1,
  /** The operating system could not write: permissions, full disk. */
  WRITE_FAILED: 1,
  /** An engine, provider or optional peer is not there. */
  ENGINE_MISSING: 1,
  /** NaN, divergence, or a solver that did not converge. */
  NUMERIC: 1,
  /** A comparison above its tolerance. */
  TOLERANCE_EXCEEDED: 1,
  /** A worker or session broke. */
  RUNTIME_FAILED: 1,
  /** Stopped by a signal. */
  INTERRUPTED: 130,
} as const satisfies Record<string, ExitCode>;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorContext {
  /** What the reader can do about it. */
  readonly hint?: string;
  /** The values the message speaks of, for programs. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** The only error that difftap throws on purpose. */
export class DifftapError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, context: ErrorContext = {}) {
    super(message, "cause" in context ? { cause: context.cause } : undefined);
    this.name = "DifftapError";
    this.code = code;
    this.hint = context.hint;
    this.details = context.details ?? {};
  }

  /** The exit code a command ends with when this error reaches it. */
  get exitCode(): ExitCode {
    return errorCodes[this.code];
  }
}

/** True when `error` is a DifftapError, of the given code where one is given. Survives two copies of this package. */
export function isDifftapError(error: unknown, code?: ErrorCode): error is DifftapError {
  return (
    error instanceof Error &&
    error.name === "DifftapError" &&
    (code === undefined || (error as DifftapError).code === code)
  );
}
