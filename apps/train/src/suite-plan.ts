/** A suite as jobs in a fixed order: which commands with which settings, and the folder each has to itself. */
import { DifftapError, nearest, sha256Hex, stableStringify } from "@difftap/core";
import { type Cell, cellsOf, chosenCells } from "./suite-cells.js";
import { commandNamed, type KnownCommand, type KnownCommands } from "./suite-commands.js";
import { fillIn, namesIn, OUT, type Values } from "./suite-placeholders.js";
import type { Paper, SuiteSettings } from "./suite-settings.js";

/** One command with all its settings; texts may still hold `OUT`. */
export interface Step {
  readonly command: string;
  readonly preset?: string | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface Job {
  /** Its folder's name: "aircraft-linear-seed-1". */
  readonly name: string;
  /** For people: "aircraft, linear, seed 1". */
  readonly title: string;
  readonly dataset: string;
  readonly reading: string;
  /** Of jobs that are run once for each seed. */
  readonly seed: number | undefined;
  /** The last one gives the numbers. */
  readonly steps: readonly Step[];
  /** Whether those are in a run folder, or printed. */
  readonly leavesRun: boolean;
  readonly metrics: readonly string[] | undefined;
  readonly paper: Paper | undefined;
  /** Of the steps: a folder of the same digest is continued. */
  readonly digest: string;
}

/** @throws DifftapError CONFIG_INVALID naming the data set or reading, the value and what is allowed. */
export function planSuite(settings: SuiteSettings, commands: KnownCommands): Job[] {
  const cells = cellsOf(settings);
  if (cells.length === 0)
    throw new DifftapError("CONFIG_INVALID", "the suite has no data set with a reading", {
      hint: "name one with --preset, or give a file with --config",
    });
  checkShared(settings, cells, commands);
  const jobs = chosenCells(cells, settings.only).flatMap((cell) => jobsOf(cell, settings, commands));
  checkNames(jobs);
  return jobs;
}

/** One, or one for each seed where the steps speak of one. */
function jobsOf(cell: Cell, settings: SuiteSettings, commands: KnownCommands): Job[] {
  const where = `${cell.dataset}, ${cell.reading}`;
  const leavesRun = commandNamed(cell.how.command, commands).settings.has("out");
  const bySeed = namesIn(stepsOf(cell)).has("seed");
  if (!leavesRun && !bySeed) throw seedless(where, cell.how.command);
  return (bySeed ? settings.seeds : [undefined]).map((seed) => {
    const steps = stepsOf(cell).map((step, index, { length }) =>
      resolved({ ...step, last: index === length - 1 }, { cell, seed, settings, where, commands }),
    );
    const title = seed === undefined ? where : `${where}, seed ${seed}`;
    const { metrics, paper } = cell.how;
    const digest = sha256Hex(stableStringify(steps));
    const { dataset, reading } = cell;
    return {
      name: folderName(title),
      title,
      dataset,
      reading,
      seed,
      steps,
      leavesRun,
      metrics,
      paper,
      digest,
    };
  });
}

const stepsOf = ({ how: { before, command, preset, settings } }: Cell): Step[] => [
  ...before,
  { command, preset, settings },
];

interface Place {
  readonly cell: Cell;
  readonly seed: number | undefined;
  readonly settings: SuiteSettings;
  readonly where: string;
  readonly commands: KnownCommands;
}

/** The suite's settings and the data set's, as far as the command knows them, beneath the step's own. */
function resolved({ last, ...step }: Step & { readonly last: boolean }, place: Place): Step {
  const { cell, settings, where, seed, commands } = place;
  const known = commandNamed(step.command, commands);
  checkOwn(step, known, where, last);
  const given = { data: settings.data, weights: settings.weights };
  const dataset = fillIn(settings.datasets[cell.dataset] ?? {}, given, where);
  const values: Values = { ...given, ...dataset, out: OUT, seeds: settings.seeds.join(","), seed };
  const shared = { ...sharedOf(settings), ...dataset };
  const all = {
    ...Object.fromEntries(Object.entries(shared).filter(([name]) => known.settings.has(name))),
    ...fillIn(step.settings, values, where),
    ...(last && known.settings.has("out") && { out: OUT }),
  };
  return { command: step.command, ...(step.preset !== undefined && { preset: step.preset }), settings: all };
}

function sharedOf({ settings, weights, seeds }: SuiteSettings): Record<string, unknown> {
  return { ...settings, ...(weights !== undefined && { weights }), seeds };
}

/** @throws DifftapError CONFIG_INVALID for a setting that the command does not have, or that is the suite's to say. */
function checkOwn(
  { command, preset, settings }: Step,
  known: KnownCommand,
  where: string,
  last: boolean,
): void {
  if (last && "out" in settings)
    throw new DifftapError("CONFIG_INVALID", `${where}: "out" is given for ${command}`, {
      hint: "leave it out: each job writes into its own folder",
    });
  if (preset !== undefined && !known.takesPreset)
    throw new DifftapError("CONFIG_INVALID", `${where}: ${command} has no presets, "${preset}" is given`, {
      hint: "write the settings themselves",
    });
  for (const name of Object.keys(settings)) {
    if (known.settings.has(name)) continue;
    throw unknownSetting(`${where}: ${command} has no setting "${name}"`, name, known.settings);
  }
}

/** What the suite and its data sets say has to be some command's setting, or be spoken of. */
function checkShared(settings: SuiteSettings, cells: readonly Cell[], commands: KnownCommands): void {
  const known = new Set([...commands.values()].flatMap((command) => [...command.settings]));
  const spoken = namesIn(cells.flatMap(stepsOf));
  const groups = [["settings", settings.settings] as const, ...Object.entries(settings.datasets)];
  for (const [where, group] of groups) {
    const name = Object.keys(group).find((each) => !known.has(each) && !spoken.has(each));
    if (name !== undefined) throw unknownSetting(`${where}: no command has a setting "${name}"`, name, known);
  }
}

function unknownSetting(message: string, name: string, known: ReadonlySet<string>): DifftapError {
  return new DifftapError("CONFIG_INVALID", message, {
    hint: `did you mean "${nearest(name, known)}"?`,
    details: { name, known: [...known] },
  });
}

function seedless(where: string, command: string): DifftapError {
  return new DifftapError("CONFIG_INVALID", `${where}: ${command} prints no seed of its own`, {
    hint: "say $" + "{seed} in its settings or before it, such as in those of the features it reads",
  });
}

/** Letters and digits of any script, the rest as dashes. */
function folderName(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
}

/** @throws DifftapError CONFIG_INVALID for jobs that would share a folder. */
function checkNames(jobs: readonly Job[]): void {
  jobs.forEach(({ name, title }, index) => {
    const first = jobs.findIndex((job) => job.name === name);
    if (first === index) return;
    throw new DifftapError("CONFIG_INVALID", `"${jobs[first]!.title}" and "${title}" would share a folder`, {
      hint: "give data sets and readings names that differ in letters or digits",
      details: { folder: name },
    });
  });
}
