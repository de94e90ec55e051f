/** The program behind the difftap-train command, for those who start it from their own code. */
export { trainProgram } from "./program.js";
