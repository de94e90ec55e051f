/** Models of several runs in one table, where they do the same on the same images. */
import type { Results, RunFolder } from "@difftap/run-folder";
import { sameImages } from "./comparison-reading.js";
import { type Html, html } from "./html.js";
import type { ModelReading } from "./model-reading.js";
import { type Task, tasksOf } from "./model-tasks.js";
import { modelsFinding } from "./models-finding.js";
import { modelsTable } from "./models-table.js";

interface Group {
  readonly title: string;
  readonly models: readonly ModelReading[];
}

/** Groups of several runs. */
interface Comparison {
  readonly task: Task["name"];
  readonly dataset: Results["dataset"];
  readonly split: string;
  readonly groups: Group[];
}

/** A section for each task, data set and split that several runs share. */
export function modelsOfAll(runs: readonly RunFolder[]): Html[] {
  return comparisonsOf(runs)
    .filter(({ groups }) => groups.length > 1)
    .map((comparison, index) => section(comparison, `models-${index + 1}`));
}

function comparisonsOf(runs: readonly RunFolder[]): Comparison[] {
  const found: Comparison[] = [];
  for (const { task, dataset, split, ...group } of runs.flatMap(({ results }) => groupsOf(results))) {
    const same = found.find(
      (other) => other.task === task && other.split === split && sameImages(other.dataset, dataset),
    );
    if (same) same.groups.push(group);
    else found.push({ task, dataset, split, groups: [group] });
  }
  return found;
}

/** A run's models by task and split. */
function groupsOf(results: Results) {
  const { title, dataset } = results;
  return tasksOf(results).flatMap(({ name: task, models }) =>
    [...new Set(models.map(({ split }) => split))].map((split) => {
      return { task, dataset, split, title, models: models.filter((model) => model.split === split) };
    }),
  );
}

function section({ task, dataset, split, groups }: Comparison, id: string): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${task} on ${dataset.name}, split ${split}, in ${groups.length} runs</h2>
<p>${modelsFinding(toldApart(groups), dataset.name).headline}</p>
${modelsTable(groups)}</section>`;
}

/** Runs may call their models alike: in a sentence those carry their run. */
function toldApart(groups: readonly Group[]): ModelReading[] {
  const names = groups.flatMap(({ models }) => models.map(({ name }) => name));
  const isTwice = (name: string) => names.indexOf(name) !== names.lastIndexOf(name);
  return groups.flatMap(({ title, models }) =>
    models.map((model) => (isTwice(model.name) ? { ...model, name: `${model.name} of “${title}”` } : model)),
  );
}
