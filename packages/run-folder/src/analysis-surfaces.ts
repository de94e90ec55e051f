/** Numbers over block × timestep, and between any two of many representations: what most of an analysis consists of. */
import { z } from "zod";
import { closedObject } from "./closed-object.js";
import { count, interval, misfit, seeds, text, timestep } from "./parts.js";

/** How, on what and with which chance numbers came about. */
export const saidShape = { protocol: text, split: text, n: count, seeds };

const surfaceShape = closedObject({
  /** What tables call it: "top-1", "purity of 10 neighbours". */
  metric: text,
  /** "%", or empty. */
  unit: z.enum(["%", ""]),
  /** Which end is the good one; null where neither is. */
  better: z.enum(["high", "low"]).nullable(),
  blocks: z.array(count).min(1),
  timesteps: z.array(timestep).min(1),
  /** Rows are timesteps and columns blocks; null for a cell that was not measured. */
  values: z.array(z.array(z.number().nullable())),
  intervals: z.array(z.array(interval.nullable())),
  ...saidShape,
});

export type Surface = z.output<typeof surfaceShape>;

export const surfaceSchema = surfaceShape.superRefine((surface, context) => {
  const { blocks, timesteps } = surface;
  const message = tableFault(surface, { rows: timesteps.length, columns: blocks.length });
  if (message) context.addIssue({ code: "custom", ...message, input: surface });
});

const matrixShape = closedObject({
  title: text,
  metric: text,
  /** What each row and column is: "t50/b09", "attention head". */
  rows: z.array(text).min(1),
  columns: z.array(text).min(1),
  values: z.array(z.array(z.number())),
  intervals: z.array(z.array(interval)),
  ...saidShape,
});

export type SimilarityMatrix = z.output<typeof matrixShape>;

export const matrixSchema = matrixShape.superRefine((matrix, context) => {
  const message = tableFault(matrix, { rows: matrix.rows.length, columns: matrix.columns.length });
  if (message) context.addIssue({ code: "custom", ...message, input: matrix });
});

interface Table {
  readonly values: readonly (readonly (number | null)[])[];
  readonly intervals: readonly (readonly ([number, number] | null)[])[];
}

interface Fault {
  readonly path: (string | number)[];
  readonly message: string;
}

/** The first thing wrong with a table: its size, or a value and its interval. */
function tableFault(table: Table, size: { rows: number; columns: number }): Fault | undefined {
  return (
    sizeFault("values", table.values, size) ??
    sizeFault("intervals", table.intervals, size) ??
    cellFault(table)
  );
}

function sizeFault(
  name: string,
  table: readonly (readonly unknown[])[],
  { rows, columns }: { rows: number; columns: number },
): Fault | undefined {
  if (table.length !== rows) return { path: [name], message: `${table.length} rows for ${rows}` };
  const wrong = table.findIndex(({ length }) => length !== columns);
  if (wrong < 0) return undefined;
  return { path: [name, wrong], message: `${table[wrong]!.length} columns for ${columns}` };
}

function cellFault({ values, intervals }: Table): Fault | undefined {
  for (const [row, own] of values.entries()) {
    for (const [column, value] of own.entries()) {
      const message = misfit(intervals[row]![column]!, value);
      if (message) return { path: ["intervals", row, column], message };
    }
  }
  return undefined;
}
