/** What a run was made with, and what to type to make it again. */
import type { Results, RunEnvironment, RunFolder } from "@difftap/run-folder";
import { type Fragment, type Html, html } from "./html.js";
import { counted, duration } from "./numbers.js";

const commands: Readonly<Record<Results["kind"], string>> = {
  grid: "difftap-eval grid",
  probe: "difftap-eval probe",
  knn: "difftap-eval knn",
  head: "difftap-train head",
  detection: "difftap-train detect",
  segmentation: "difftap-train segment",
  samples: "difftap-eval sample",
  pretraining: "difftap-train backbone",
  suite: "difftap-train suite",
  analysis: "difftap-eval analyze",
};

/** What is trained reads its images again and again, and a suite does many things. */
const epochsIn: ReadonlySet<Results["kind"]> = new Set(["head", "detection", "segmentation", "suite"]);

export function provenanceSection({ results, environment, config, path }: RunFolder): Html {
  return html`<h3>How it was made, and how to make it again</h3>
${config !== null && html`<p>With the settings below:</p><pre><code>${`${programOf(results)} --config ${quoted(`${path}/config.yaml`)}`}</code></pre>`}
${results.command !== undefined && html`<p>It was run as:</p><pre><code>${results.command}</code></pre>`}
${config === null && results.command === undefined && html`<p>This run folder holds no config.yaml, so the settings are not known.</p>`}
${facts([["Weights", html`<code>${results.model.weightsDigest}</code>`], ["Data", results.dataset.digest && html`<code>${results.dataset.digest}</code>`], ["Time", timeOf(results)], ...environmentFacts(environment)])}
${results.notes && results.notes.length > 0 && html`<ul>${results.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${config !== null && html`<details><summary>config.yaml</summary><pre><code>${config}</code></pre></details>`}`;
}

function environmentFacts(environment: RunEnvironment | null): [string, Fragment][] {
  if (!environment) return [["Environment", "not recorded"]];
  const versions = Object.entries(environment.versions)
    .filter(([name]) => name !== "node")
    .map(([name, version]) => `${name} ${version}`);
  return [
    ["Machine", `${environment.processor}, ${environment.cores} cores, ${environment.memoryGiB} GiB`],
    [
      "Software",
      [`Node ${environment.node}`, environment.platform, environment.engine, ...versions]
        .filter(Boolean)
        .join(", "),
    ],
    ["Commit", environment.commit && html`<code>${environment.commit}</code>`],
  ];
}

/** As it was called, "difftap-train finetune", else what makes such results. */
const programOf = ({ kind, command = "" }: Results): string =>
  /^difftap-\w+ [a-z]+/.exec(command)?.[0] ?? commands[kind];

/** How long it took; a rate where each image was read once. */
function timeOf({ kind, durationSeconds, images }: Results): string {
  if (epochsIn.has(kind) || durationSeconds === 0) return duration(durationSeconds);
  const rate = (images / durationSeconds).toPrecision(3);
  return `${duration(durationSeconds)} for ${counted(images)} images, ${rate} images/s`;
}

/** Names and values; entries without a value are left out. */
export function facts(entries: readonly (readonly [string, Fragment])[]): Html {
  const known = entries.filter(
    ([, value]) => value !== undefined && value !== null && value !== false && value !== "",
  );
  return html`<dl class="facts">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
