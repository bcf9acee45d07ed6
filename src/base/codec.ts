/**
 * A codec turns JSON that this project wrote into a typed value and back. It is the one place where stored JSON becomes
 * a type. Each stored shape has one codec, with a name, a schema and a version.
 *
 * The stored form: at version 1 the value itself; from version 2 on `{ "$v": version, "value": value }`. No shape of ours
 * has a member `$v`, and `encode` refuses one that has.
 *
 * Reading: a value of the current version is not checked by its schema, because this code wrote it. A value of an
 * older version goes through the upgrade of each version up to the current one, and the result is checked by the schema.
 * A value of a newer version is refused with `newer_version`. A release that cannot read a value must not overwrite it.
 *
 * Schemas are given as functions, so that each is built when it is first needed and none at a start.
 */
import type * as z from 'zod';
import { canonicalText } from './digest.ts';
import { TidegateError } from './errors.ts';
import type { Json } from './json.ts';

/** What a record may hold: its value is never a bare null. */
export type StoredValue = Exclude<Json, null>;

export interface Codec<Value> {
  readonly name: string;
  /** The version that this release writes. */
  readonly version: number;
  encode(value: Value): StoredValue;
  /** @throws TidegateError `newer_version`; `internal` for an older value that cannot be upgraded */
  decode(stored: Json): Value;
}

export interface Versions<Value = never> {
  /** Default 1. */
  version?: number;
  /**
   * For each version before the current one, the function that turns a value of it into a value of the next version.
   */
  upgrade?: Readonly<Record<number, (value: Json) => Json>>;
  /**
   * The version that a value is written in. Default: the current one. For shapes that got a member which most values do not have:
   * those are written as before, so that older releases go on with them, and pass over the others alone. A value of an older
   * version is read as it is, and needs no upgrade.
   */
  writtenAs?: (value: Value) => number;
}

/** How long a caller who met a newer release should wait before it asks again. */
const RETRY_AFTER_MS = 1_000;

let checksAll = false;

/**
 * Makes every codec check all that it reads and writes by its schema. Tests switch it on, so that they fail where a schema
 * does not fit what is written. It stays off in production, where hot reads pay for no schema.
 */
export function checkAllStored(on: boolean): void {
  checksAll = on;
}

/**
 * @param name names the shape in errors, such as `task header`
 * @param schema describes the JSON of the current version. It must not transform, coerce or default.
 */
export function createCodec<Value>(
  name: string,
  schema: () => z.ZodType<Value>,
  { version = 1, upgrade = {}, writtenAs }: Versions<Value> = {},
): Codec<Value> {
  let made: z.ZodType<Value> | null = null;
  for (let from = 1; from < version; from += 1) {
    if (upgrade[from] === undefined && !writtenAs) throw defect(`${name} has no upgrade from version ${from}`);
  }

  /** The value, once the schema has accepted all of it. A member that the schema does not declare is a defect. */
  function checked(json: Json): Value {
    made ??= schema();
    const parsed = made.safeParse(json);
    if (parsed.success) {
      if (canonicalText(plain(parsed.data)) === canonicalText(json)) return parsed.data;
      throw defect(`${name} holds what its schema does not declare: ${JSON.stringify(json).slice(0, 500)}`);
    }
    const [issue] = parsed.error.issues;
    throw defect(`${name} does not fit its schema at ${issue?.path.join('.') || 'its top'}: ${issue?.message}`);
  }

  return {
    name,
    version,

    encode(value) {
      const json = value as StoredValue;
      if (checksAll) checked(plain(json));
      const as = writtenAs?.(value) ?? version;
      if (as > 1) return { $v: as, value: json };
      if (versionOf(json) !== 1) throw defect(`${name} has a member $v`);
      return json;
    },

    decode(stored) {
      const found = versionOf(stored);
      if (found > version) throw newerVersion(name, found, version);
      let json = found === 1 ? stored : valueOf(stored);
      if (found === version || writtenAs) return checksAll ? checked(json) : (json as Value);
      for (let from = found; from < version; from += 1) json = upgrade[from]?.(json) ?? json;
      return checked(json);
    },
  };
}

/** The version that a stored value names; 1 where it names none. */
function versionOf(stored: Json): number {
  if (typeof stored !== 'object' || stored === null || !Object.hasOwn(stored, '$v')) return 1;
  const version: unknown = '$v' in stored ? stored['$v'] : undefined;
  if (typeof version === 'number' && Number.isInteger(version) && version > 1) return version;
  throw defect(`a stored value says that its version is ${JSON.stringify(version)}`);
}

function valueOf(stored: Json): Json {
  return typeof stored === 'object' && stored !== null && 'value' in stored ? (stored['value'] ?? null) : null;
}

/** The value that reading its JSON text would give: without members that are undefined. */
function plain(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}

function newerVersion(name: string, found: number, known: number): TidegateError {
  return new TidegateError('newer_version', `${name} has version ${found}; this release knows version ${known}`, {
    expected: `version ${known} or older`,
    hint: 'a newer release wrote it: let that one go on with it',
    retryAfterMs: RETRY_AFTER_MS,
  });
}

function defect(message: string): TidegateError {
  return new TidegateError('internal', message);
}
