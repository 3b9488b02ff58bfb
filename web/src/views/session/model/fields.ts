import { textOf } from "../../../words/text";

/** An object's values one by one, so that a command of several lines is read as lines and not as "\n"; null for what is
 * no object, or has nothing in it. */
export function fieldsOf(value: unknown): [name: string, text: string][] | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields = Object.entries(value).map(([name, field]): [string, string] => [
    name,
    field === null ? "null" : textOf(field),
  ]);
  return fields.length > 0 ? fields : null;
}
