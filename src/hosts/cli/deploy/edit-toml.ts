/**
 * Adds settings to the text of `wrangler.toml` without touching what stands there. What cannot be added by putting lines in between is
 * left to the operator; whoever calls compares what the new text says. Pure.
 */
import type { Json } from '../../../base/json.ts';
import type { Addition } from '../../platforms/cloudflare-settings.ts';

const HEADER = /^\s*\[/;

/** The lines that an addition is written as, where nothing of its kind is there yet. */
export function tomlLines({ path, value, isElement }: Addition): string[] {
  const key = path.at(-1) ?? '';
  const table = path.slice(0, -1);
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isTable && isElement)
    return [`[[${dotted(path)}]]`, ...Object.entries(value).map(([name, one]) => assigned(name, one))];
  const line = assigned(key, isElement ? [value] : value);
  return table.length === 0 ? [line] : [`[${dotted(table)}]`, line];
}

/** The text with the addition in it. */
export function addToToml(text: string, addition: Addition): string {
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.replace(/(\r?\n)+$/, '').split(/\r?\n/);
  const { path, value, isElement } = addition;
  const added = tomlLines(addition);
  const written = (all: readonly string[]) => `${all.join(end)}${end}`;
  if (isElement && typeof value === 'object') return written([...lines, '', ...added]);
  const [start, past] = tableRange(lines, path.slice(0, -1));
  if (start === null) return written([...lines, '', ...added]);
  const key = path.at(-1) ?? '';
  const place = lines.findIndex(
    (line, at) => at >= start && at < past && new RegExp(`^\\s*${escaped(key)}\\s*=`).test(line),
  );
  if (place < 0) return written(lines.toSpliced(lastOf(lines, start, past), 0, added.at(-1) ?? ''));
  // A list on one line takes a further element.
  const [, before = '', inside = '', after = ''] = /^([^[]*\[)([^\]]*)(\].*)$/.exec(lines[place] ?? '') ?? [];
  const separator = inside.trim() === '' ? '' : ', ';
  const longer = `${before}${inside.trimEnd().replace(/,$/, '')}${separator}${tomlValue(value)}${after}`;
  return written(lines.with(place, longer));
}

/** Where the lines of a table begin and end; null where the text has no such header. Without a path: what stands before all headers. */
function tableRange(lines: readonly string[], path: readonly string[]): [number | null, number] {
  const first = path.length === 0 ? 0 : lines.findIndex((line) => sameHeader(line, path)) + 1;
  if (path.length > 0 && first === 0) return [null, 0];
  const next = lines.findIndex((line, at) => at >= first && HEADER.test(line) && !isWithinList(lines, at));
  return [first, next < 0 ? lines.length : next];
}

/** A line that begins with a bracket within a list that is written over several lines is no header. */
function isWithinList(lines: readonly string[], at: number): boolean {
  return !/^\s*\[{1,2}[\w."' :/@-]+\]{1,2}\s*(#.*)?$/.test(lines[at] ?? '');
}

function sameHeader(line: string, path: readonly string[]): boolean {
  const [, header = ''] = /^\s*\[([^[\]]+)\]\s*(#.*)?$/.exec(line) ?? [];
  return (
    header
      .split('.')
      .map((part) => part.trim().replaceAll(/^["']|["']$/g, ''))
      .join('.') === path.join('.')
  );
}

/** Behind the last line of a table that says something: comments before the next header belong to that one. */
function lastOf(lines: readonly string[], start: number, past: number): number {
  let at = past;
  while (at > start && /^\s*(#.*)?$/.test(lines[at - 1] ?? '')) at -= 1;
  return at;
}

function dotted(path: readonly string[]): string {
  return path.map(bare).join('.');
}

function bare(name: string): string {
  return /^[\w-]+$/.test(name) ? name : JSON.stringify(name);
}

function assigned(name: string, value: Json): string {
  return `${bare(name)} = ${tomlValue(value)}`;
}

function tomlValue(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, one]) => assigned(name, one))
    .join(', ')} }`;
}

function escaped(name: string): string {
  return name.replaceAll(/[^\w-]/g, '\\$&');
}
