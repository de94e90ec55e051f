export type { Attribute, Attributes } from "./attributes.js";
export { dataTypeNumber } from "./data-types.js";
export { createGraph, GraphBuilder } from "./graph.js";
export type { GraphOptions, NodeOptions } from "./options.js";
export type { ExternalLocation } from "./tensors.js";
export type { Dimension, Value } from "./values.js";
