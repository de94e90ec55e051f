/** From a schema's issues to one error that names the file, the field and the value. */
import { DifftapError, type ErrorCode } from "@difftap/core";
import type { z } from "zod";

/** Characters of a wrong value that an error shows. */
const SHOWN_CHARACTERS = 60;

/** The parsed value. @throws DifftapError `code`, naming `where` and the first field that is wrong. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  where: string,
  code: ErrorCode,
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const [first] = issues;
  const field = fieldName(first?.path ?? []);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  throw new DifftapError(code, `${where}: ${field}: ${first?.message}${shown(value, first)}${more}`, {
    hint:
      code === "DATA_REFUSED"
        ? "the file is damaged or of another version; run the measurement again"
        : "the schemas are in @difftap/run-folder: resultsSchema, environmentSchema, metricSchema",
    details: { field, issues: issues.map(({ path, message }) => ({ field: fieldName(path), message })) },
  });
}

/** `grid.top1[2][3]`, as one would write it in code. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return name.replace(/^\./, "") || "the whole file";
}

function shown(value: unknown, issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === "unrecognized_keys" || issue?.code === "custom") return "";
  const found = (issue?.path ?? []).reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  if (found === undefined) return ", it is missing";
  const text = typeof found === "number" ? String(found) : JSON.stringify(found);
  return `, got ${text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text}`;
}
