/** Settings checked by their schema, with messages that name place, value and what is allowed. */
import { DifftapError, nearest } from "@difftap/core";
import { z } from "zod";

/** @throws DifftapError CONFIG_INVALID naming every problem. */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => problemOf(issue, schema, given));
  throw new DifftapError("CONFIG_INVALID", `${what}: ${problems.map(({ message }) => message).join("; ")}`, {
    hint: problems.map(({ hint }) => hint).join("; "),
    details: { issues: parsed.error.issues },
  });
}

function problemOf(issue: z.core.$ZodIssue, schema: z.ZodType, given: unknown) {
  const place = issue.path.join(".");
  const value = issue.path.reduce<unknown>(memberOf, given);
  if (issue.code === "unrecognized_keys") {
    const known = keysAt(schema, issue.path, given);
    const inside = place === "" ? "" : `${place}.`;
    return unknownName(issue.keys.map((key) => `${inside}${key}`).join(", "), issue.keys[0]!, known);
  }
  if (issue.code === "invalid_union" && "options" in issue)
    return unknownName(`${place} "${String(value)}"`, String(value), issue.options as string[]);
  return { message: `${place} is ${shown(value)}`, hint: `${place}: ${issue.message}` };
}

const memberOf = (value: unknown, key: PropertyKey) =>
  (value as Record<PropertyKey, unknown> | undefined)?.[key];

const shown = (value: unknown) => (typeof value === "object" ? JSON.stringify(value) : String(value));

function unknownName(name: string, key: string, known: readonly string[]) {
  return {
    message: `${name} is not known`,
    hint: `did you mean "${nearest(key, known)}"? Known: ${known.join(", ")}`,
  };
}

/** The keys that the schema has at a path, optional wrappers and unions by `kind` looked through. */
function keysAt(schema: unknown, path: readonly PropertyKey[], given: unknown): string[] {
  const found = path.reduce<{ schema: unknown; value: unknown }>(
    ({ schema: outer, value }, key) => ({
      schema: memberOf(objectOf(outer, value)?.shape, key),
      value: memberOf(value, key),
    }),
    { schema, value: given },
  );
  return Object.keys(objectOf(found.schema, found.value)?.shape ?? {});
}

function objectOf(schema: unknown, value: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return objectOf(schema.unwrap(), value);
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const kind = memberOf(value, "kind");
    const option = schema.options.find((each) => objectOf(each, value)?.shape.kind?.value === kind);
    return objectOf(option, value);
  }
  return schema instanceof z.ZodObject ? schema : undefined;
}
