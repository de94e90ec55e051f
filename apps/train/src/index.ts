/** The program behind the difftap-train command, for those who start it from their own code, and its source of maps on disk. */
export { storedMaps } from "./dense/stored-maps.js";
export { trainProgram } from "./program.js";
