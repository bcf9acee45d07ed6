/**
 * Missing settings, added to the file that a folder has: the new text is read by wrangler before it counts, and has to say what the old
 * one said and the additions, nothing else.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Json } from '../../../base/json.ts';
import { type Addition, INHERITED } from '../../platforms/cloudflare-settings.ts';
import { addToJsonc, jsoncLines } from './edit-jsonc.ts';
import { addToToml, tomlLines } from './edit-toml.ts';
import type { Wrangler } from './wrangler.ts';

/** Where an addition belongs: what environments do not take over stands within that of the deployment. */
export function placed(addition: Addition, raw: Record<string, unknown>, environment: string | null): Addition {
  if (environment === null) return addition;
  const [first = ''] = addition.path;
  const own = (raw['env'] as Record<string, Record<string, unknown>> | undefined)?.[environment];
  const isAbove = INHERITED.has(first) && own?.[first] === undefined;
  return isAbove ? addition : { ...addition, path: ['env', environment, ...addition.path] };
}

/** As the operator has to write it. */
export function writtenAddition(file: string, addition: Addition): string[] {
  return file.endsWith('.toml') ? tomlLines(addition) : jsoncLines(addition);
}

interface FixedSettings {
  text: string;
  added: Addition[];
  /** Those that are for the operator to write. */
  left: Addition[];
}

export function fixSettings(
  wrangler: Pick<Wrangler, 'readRaw'>,
  path: string,
  text: string,
  additions: readonly Addition[],
): FixedSettings {
  const fixed: FixedSettings = { text, added: [], left: [] };
  let said = plain(wrangler.readRaw(path));
  for (const addition of additions) {
    const longer = path.endsWith('.toml') ? addToToml(fixed.text, addition) : addToJsonc(fixed.text, addition);
    const now = saidIn(wrangler, path, longer);
    const meant = [withAddition(said, addition, 'last'), withAddition(said, addition, 'first')];
    if (now !== null && meant.some((one) => isDeepStrictEqual(now, one))) {
      fixed.text = longer;
      said = now;
      fixed.added.push(addition);
    } else fixed.left.push(addition);
  }
  return fixed;
}

/** What wrangler reads from a text that is no file yet; null where it reads nothing. */
function saidIn(wrangler: Pick<Wrangler, 'readRaw'>, path: string, text: string): Json {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-settings-'));
  try {
    const file = join(folder, basename(path));
    writeFileSync(file, text);
    return plain(wrangler.readRaw(file));
  } catch {
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Null where something else stands at the place. @param place of a further element in its list */
function withAddition(said: Json, { path, value, isElement }: Addition, place: 'first' | 'last'): Json {
  const [name, ...rest] = path;
  if (name === undefined) {
    if (!isElement) return said === null ? value : null;
    const list = said ?? [];
    if (!Array.isArray(list)) return null;
    return place === 'last' ? [...list, value] : [value, ...list];
  }
  if (said !== null && (typeof said !== 'object' || Array.isArray(said))) return null;
  const object = said ?? {};
  const within = withAddition(object[name] ?? null, { path: rest, value, isElement }, place);
  return within === null ? null : { ...object, [name]: within };
}

function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
