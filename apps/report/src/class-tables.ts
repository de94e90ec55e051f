/** Tables of classes: all of few, of many the ends with the rest folded away; values as bars. */
import { type Html, html } from "./html.js";
import { counted } from "./numbers.js";
import type { Ends } from "./seed-cells.js";

/** More classes than this show only their ends; the rest folds away. */
const SHOWN_WHOLE = 40;
const SHOWN_EACH_END = 10;

/**
 * `sorted` from the best to the worst.
 * @param table draws classes under a caption
 * @param title caption of the table of all
 */
export function classTables<T>(
  sorted: readonly T[],
  table: (classes: readonly T[], caption: string) => Html,
  title: string,
  provenance: string,
): Html {
  if (sorted.length <= SHOWN_WHOLE) return html`${table(sorted, title)}<p class="note">${provenance}</p>`;
  return html`${table(sorted.slice(0, SHOWN_EACH_END), `The ${SHOWN_EACH_END} classes read best`)}
${table(sorted.slice(-SHOWN_EACH_END), `The ${SHOWN_EACH_END} classes read worst`)}
<p class="note">${provenance}</p>
<details><summary>All ${counted(sorted.length)} classes</summary>${table(sorted, title)}</details>`;
}

/** The value as a bar, the interval, where there is one, as a whisker. The numbers stand beside it. */
export function classBar(value: number, interval?: Ends): Html {
  const whisker =
    interval &&
    html`<path d="M${interval[0]} 5H${interval[1]}M${interval[0]} 2v6M${interval[1]} 2v6" stroke="var(--ink)" fill="none" vector-effect="non-scaling-stroke"/>`;
  return html`<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect y="1" width="100" height="8" fill="var(--panel)"/><rect y="1" width="${value}" height="8" fill="var(--accent)" opacity="0.55"/>${whisker}</svg>`;
}
