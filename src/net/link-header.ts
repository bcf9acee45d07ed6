/**
 * Reads a `Link` header (RFC 8288, appendix B.2). Both feeds and HTTP tools follow pages by it. It judges no target: whether
 * one may be asked is decided by whoever follows it. A link with an `anchor` is one of another document, and is passed
 * over. Pure, and linear in the header.
 */
import { utf8Header } from './header-text.ts';

interface Link {
  target: string;
  /** The first value of each parameter, under its name in lower case. */
  parameters: ReadonlyMap<string, string>;
}

/** The target of the first link with this relation type, as it is written; null where there is none. */
export function linkTarget(header: string | null, relation: string): string | null {
  for (const { target, parameters } of linksOf(utf8Header(header ?? ''))) {
    const relations = (parameters.get('rel') ?? '').toLowerCase().split(/\s+/);
    if (relations.includes(relation) && (parameters.get('anchor') ?? '') === '') return target;
  }
  return null;
}

function* linksOf(text: string): Generator<Link> {
  for (let at = 0; ;) {
    const open = behind(text, at, /[\s,]/);
    const close = text[open] === '<' ? text.indexOf('>', open) : -1;
    // What follows cannot be told apart any more.
    if (close === -1) return;
    const { parameters, end } = readParameters(text, close + 1);
    yield { target: text.slice(open + 1, close).trim(), parameters };
    at = end;
  }
}

/** The parameters of one link, and where the next link may begin. */
function readParameters(text: string, from: number): { parameters: Map<string, string>; end: number } {
  const parameters = new Map<string, string>();
  let at = from;
  for (;;) {
    at = behind(text, at, /\s/);
    if (text[at] !== ';') {
      // A link ends with a comma. Anything else in its place is passed over up to there.
      while (at < text.length && text[at] !== ',' && text[at] !== ';') at += 1;
      if (text[at] !== ';') return { parameters, end: at + 1 };
    }
    at = behind(text, at + 1, /\s/);
    const begin = at;
    while (at < text.length && !/[\s=;,]/.test(text[at] ?? '')) at += 1;
    const name = text.slice(begin, at).toLowerCase();
    at = behind(text, at, /\s/);
    let value = '';
    if (text[at] === '=') {
      at = behind(text, at + 1, /\s/);
      [value, at] = text[at] === '"' ? quotedString(text, at) : token(text, at);
    }
    if (name !== '' && !parameters.has(name)) parameters.set(name, value);
  }
}

/** A quoted string without its quotes and escapes, and where it ends. One that never ends takes the rest. */
function quotedString(text: string, from: number): [value: string, end: number] {
  const pieces: string[] = [];
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '"') return [pieces.join(''), at + 1];
    if (text[at] === '\\') at += 1;
    pieces.push(text[at] ?? '');
  }
  return ['', text.length];
}

function token(text: string, from: number): [value: string, end: number] {
  let at = from;
  while (at < text.length && text[at] !== ';' && text[at] !== ',') at += 1;
  return [text.slice(from, at).trim(), at];
}

function behind(text: string, from: number, passed: RegExp): number {
  let at = from;
  while (at < text.length && passed.test(text[at] ?? '')) at += 1;
  return at;
}
