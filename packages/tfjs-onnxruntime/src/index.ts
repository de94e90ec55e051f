export { type BackendOptions, type BackendStatistics, OnnxRuntimeBackend } from "./backend.js";
export { onnxRuntimeBackend, type RegisterOptions, registerOnnxRuntimeBackend } from "./register.js";
