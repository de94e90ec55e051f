/** What there is to say of each model by itself: the first's openly, the others' folded away. */
import { type Html, html } from "./html.js";

export interface Part {
  readonly title: string;
  readonly content: Html;
}

/** `models` has at least one. */
export function modelParts<M extends { readonly name: string }>(
  models: readonly M[],
  partsOf: (model: M) => readonly Part[],
): Html {
  const [first, ...others] = models;
  const whose = others.length > 0 ? `: ${first!.name}` : "";
  return html`${partsOf(first!).map(({ title, content }) => html`<h3>${title}${whose}</h3>${content}`)}
${others.length > 0 && html`<h3>The other models</h3>`}
${others.map((model) => html`<details class="further"><summary>${model.name}</summary>${partsOf(model).map(({ title, content }) => html`<h4>${title}</h4>${content}`)}</details>`)}`;
}
