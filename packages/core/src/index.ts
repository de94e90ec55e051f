export { type AtomicOptions, type FileContent, TEMPORARY_SUFFIX, writeFileAtomic } from "./atomic.js";
export {
  DifftapError,
  type ErrorCode,
  type ErrorContext,
  type ExitCode,
  errorCodes,
  isDifftapError,
} from "./errors.js";
export { type LongWork, type ProgressEvent, throwIfAborted } from "./events.js";
export { type FileSystem, nodeFileSystem, type OpenFile } from "./file-system.js";
export {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  toFloat32,
} from "./half.js";
export { hashId, sha256Hex, stableStringify } from "./hash.js";
export {
  arrayTypes,
  bytesOf,
  bytesPerElement,
  type DType,
  type DTypeArrays,
  elementCount,
  type NdArray,
  ndarray,
} from "./ndarray.js";
export { nearest } from "./nearest.js";
export { type Counter, type Key, philox4x32 } from "./philox.js";
export { polygonMask } from "./polygon-mask.js";
export {
  fillNormals,
  normals,
  permutation,
  type RandomAddress,
  randomIntegers,
  streams,
  uniforms,
} from "./random.js";
export {
  decodeMask,
  encodeMask,
  type MaskSize,
  maskArea,
  maskBox,
  type RunLengthMask,
  runLengthMask,
  runsFromText,
  runsToText,
} from "./run-length.js";
export { writeFailed } from "./write-failed.js";
