/** Turns zod's findings into one CONFIG_INVALID that names every wrong key and value. */
import { DifftapError, nearest } from "@difftap/core";
import type { z } from "zod";

interface SchemaNode {
  readonly shape?: Readonly<Record<PropertyKey, SchemaNode>>;
  readonly unwrap?: () => SchemaNode;
}

/** An object schema without the defaults around it. */
function bare(node: SchemaNode | undefined): SchemaNode | undefined {
  return node?.unwrap === undefined ? node : bare(node.unwrap());
}

/** Keys that an object schema allows at a path; the schemas here nest objects only. */
function allowedKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  const root = bare(schema as unknown as SchemaNode);
  const at = path.reduce<SchemaNode | undefined>((node, key) => bare(node?.shape?.[key]), root);
  return Object.keys(at?.shape ?? {});
}

function describeUnknownKey(key: string, path: readonly PropertyKey[], allowed: readonly string[]): string {
  const suggestion = nearest(key, allowed);
  const name = [...path, key].join(".");
  return `unknown key ${name}${suggestion === undefined ? "" : ` (did you mean ${suggestion}?)`}`;
}

function describe(issue: z.core.$ZodIssue, schema: z.ZodType): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => describeUnknownKey(key, issue.path, allowedKeys(schema, issue.path)));
  }
  return [`${issue.path.join(".") || "the value"}: ${issue.message}`];
}

/**
 * Parses `value` or says everything that is wrong with it.
 * @throws DifftapError CONFIG_INVALID; details.problems has one line per finding.
 */
export function parseWith<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => describe(issue, schema));
  throw new DifftapError("CONFIG_INVALID", `${what} is not valid: ${problems.join("; ")}`, {
    hint: `legal keys: ${allowedKeys(schema, []).join(", ")}`,
    details: { problems },
  });
}
