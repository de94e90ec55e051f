/** How a dataset is written in one string, and how that becomes checked data. */
import { DifftapError, nearest } from "@difftap/core";
import type { DatasetDefinition } from "./definition.js";

/** A dataset as data: its kind and what that kind takes. */
export interface SpecObject {
  readonly kind: string;
  readonly [option: string]: unknown;
}

/**
 * The fields of a spec, checked by the kind's schema.
 * @throws DifftapError CONFIG_INVALID naming the field, its value and the closest known name.
 */
export function specObject(definition: DatasetDefinition, spec: string | SpecObject): unknown {
  const { kind: _, ...fields } = typeof spec === "string" ? parseSpec(definition, spec) : spec;
  const checked = definition.schema.safeParse(fields);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  if (unknown !== undefined) throw unknownOption(definition, unknown);
  const field = issue?.path.join(".") ?? "";
  throw new DifftapError(
    "CONFIG_INVALID",
    `dataset ${definition.kind}: ${field === "" ? "" : `${field}: `}${issue?.message}`,
    {
      hint: `such as ${definition.usage}`,
      details: { kind: definition.kind, field, value: fields[field] },
    },
  );
}

/**
 * `kind:PATH,option=value,…`. A path may hold commas: it ends only at a known option.
 * Values stay text; the schema turns them into numbers.
 */
function parseSpec(definition: DatasetDefinition, spec: string): SpecObject {
  const rest = spec.slice(definition.kind.length + 1);
  const fields: Record<string, unknown> = {};
  let options = rest;
  if (definition.takesPath) {
    const end = rest.search(optionStart(definition.options));
    fields.path = end === -1 ? rest : rest.slice(0, end);
    options = end === -1 ? "" : rest.slice(end + 1);
  }
  for (const option of options === ""
    ? []
    : options.split(definition.takesPath ? optionStart(definition.options) : ",")) {
    const equals = option.indexOf("=");
    if (equals < 1) throw notAnOption(definition, option);
    fields[option.slice(0, equals).replace(/^,/, "")] = option.slice(equals + 1);
  }
  return { kind: definition.kind, ...fields };
}

/** Matches just before `,name=` of a known option; never, when there are none. */
function optionStart(names: readonly string[]): RegExp {
  return names.length === 0 ? /(?!)/ : new RegExp(`(?=,(?:${names.join("|")})=)`);
}

function notAnOption(definition: DatasetDefinition, option: string): DifftapError {
  return new DifftapError(
    "CONFIG_INVALID",
    `dataset ${definition.kind}: ${JSON.stringify(option)} is not of the form name=value`,
    {
      hint: `such as ${definition.usage}`,
    },
  );
}

function unknownOption(definition: DatasetDefinition, option: string): DifftapError {
  const known = [...(definition.takesPath ? ["path"] : []), ...definition.options];
  return new DifftapError(
    "CONFIG_INVALID",
    `dataset ${definition.kind} has no option ${JSON.stringify(option)}; did you mean ${nearest(option, known)}?`,
    {
      hint: `it takes ${known.join(", ")}: ${definition.usage}`,
      details: { kind: definition.kind, option, known },
    },
  );
}
