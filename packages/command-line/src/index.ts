export {
  addCommand,
  type CommandContext,
  type CommandSpec,
  flag,
  type OptionSpec,
  type OptionSpecs,
  option,
  type SettingsOf,
} from "./define-command.js";
export { describeEnvironment, type Environment } from "./environment.js";
export { type Progress, showProgress } from "./progress.js";
export { runCommand } from "./run-command.js";
export { resolveSettings, type SettingsSources } from "./settings.js";
export { textTable } from "./table.js";
export { memoryTerminal, processTerminal, type Terminal } from "./terminal.js";
export { finiteNumber, positiveNumbers, toggle, wholeNumber, wholeNumbers, words } from "./values.js";
