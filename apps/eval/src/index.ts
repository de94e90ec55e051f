export { classTables, namesOf } from "./compose/classification.js";
export { type Extraction, type ExtractionJob, extractToStore, type TapChoice } from "./compose/features.js";
export { type Selection, selectImages } from "./compose/images.js";
export { classCount, type LabelledFeatures, readLabelled } from "./compose/labelled.js";
export { EMBEDDED_MODEL, type Model, openModel } from "./compose/model.js";
export { withRuntime } from "./compose/runtime.js";
export { evalProgram } from "./program.js";
