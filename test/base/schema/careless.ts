/**
 * Writes arguments as careless clients do: numbers and truths as texts, lists and objects as JSON text, a list of one without
 * its list, null for what is absent. Where the JSON Schema lets a value be taken as another, the value stays as it is.
 */
import type { JsonObject } from '../../../src/base/json.ts';
import type { Random } from '../../fuzz/arguments.ts';

export function carelessly(schema: JsonObject, value: unknown, random: Random): unknown {
  const forms = formsOf(schema);
  const [form] = forms;
  if (form === undefined || forms.length > 1) return value;
  const type = form['type'];
  if (typeof value === 'number' || typeof value === 'boolean') {
    if (type === 'string' || random(2) === 0) return value;
    return random(2) === 0 ? String(value) : ` ${value} `;
  }
  if (typeof value === 'string' && type === 'string' && isPlainCount(value))
    return random(2) === 0 ? Number(value) : value;
  if (Array.isArray(value) && type === 'array') return listed((form['items'] ?? {}) as JsonObject, value, random);
  if (typeof value !== 'object' || value === null || type !== 'object') return value;
  const properties = (form['properties'] ?? {}) as Record<string, JsonObject>;
  const required = (form['required'] ?? []) as string[];
  const written: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    written[name] = properties[name] ? carelessly(properties[name], member, random) : (member as unknown);
  }
  for (const [name, inner] of Object.entries(properties)) {
    const isAbsent = !Object.hasOwn(value, name) && !required.includes(name);
    if (isAbsent && !takesNull(inner) && random(2) === 0) written[name] = null;
  }
  return random(4) === 0 ? JSON.stringify(written) : written;
}

function listed(items: JsonObject, value: readonly unknown[], random: Random): unknown {
  const written = value.map((item) => carelessly(items, item, random));
  const [only] = written;
  if (written.length === 1 && random(3) === 0 && !isListLike(only)) return only;
  return random(3) === 0 ? JSON.stringify(written) : written;
}

/** What would be read as the whole list, if it stood alone. */
function isListLike(value: unknown): boolean {
  return Array.isArray(value) || (typeof value === 'string' && /^\s*[[{]/.test(value));
}

function formsOf(schema: JsonObject): JsonObject[] {
  const forms = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(forms) ? (forms as JsonObject[]) : [schema];
}

/** Whether null is a value here. Where nothing is said of the type, everything is. */
function takesNull(schema: JsonObject): boolean {
  return formsOf(schema).some(
    ({ type, enum: choices, const: only }) =>
      (type === undefined && choices === undefined && only === undefined) || [type].flat().includes('null'),
  );
}

function isPlainCount(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text);
}
