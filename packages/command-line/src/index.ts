export { describeEnvironment, type Environment } from "./environment.js";
export { withInterrupt } from "./interrupt.js";
export { type Progress, showProgress } from "./progress.js";
export { finiteNumber, runCommand, wholeNumber } from "./run-command.js";
export { resolveSettings, type SettingsSources } from "./settings.js";
export { textTable } from "./table.js";
export { memoryTerminal, processTerminal, type Terminal } from "./terminal.js";
