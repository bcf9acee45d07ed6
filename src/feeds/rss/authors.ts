/** Who wrote an entry, as RSS, Dublin Core, iTunes and Atom say it. Pure. */
import { type Fields, elementFields, type KeyOf, distinct } from './fields.ts';
import { elementText } from './text.ts';
import type { XmlElement } from './tree.ts';

const ADDRESS = String.raw`[^\s@()<>]+@[^\s@()<>]+`;
/** `ann@example.org (Ann)`, as RSS has it. */
const NAME_BEHIND = new RegExp(String.raw`^(?:mailto:)?${ADDRESS}\s*\(([^()]+)\)$`);
/** `Ann (ann@example.org)` or `Ann <ann@example.org>`. */
const NAME_BEFORE = new RegExp(String.raw`^([^<>()]+)[(<]${ADDRESS}[)>]$`);

/** Names, or else addresses. Empty where neither the entry nor what is around it names anybody. */
export function authorsOf(keyOf: KeyOf, entry: Fields, ...around: readonly Fields[]): string[] {
  for (const fields of [entry, ...around]) {
    const found = distinct(
      fields.all('author', 'dc:creator', 'atom:author').map((element) => personIn(element, keyOf)),
    );
    if (found.length > 0) return found;
    const others = fields.text('itunes:author', 'dc:author', 'managingeditor');
    if (others !== null) return [nameIn(others)];
  }
  return [];
}

/** The person of Atom has its name in an element, and the author of RSS is a text. */
function personIn(element: XmlElement, keyOf: KeyOf): string | null {
  const parts = elementFields(element, keyOf);
  const named = parts.text('name', 'atom:name', 'email', 'atom:email');
  if (named !== null) return named;
  const isPerson = parts.all('uri', 'url', 'homepage').length > 0;
  return isPerson ? null : nameIn(elementText(element));
}

function nameIn(text: string): string {
  return (NAME_BEHIND.exec(text)?.[1] ?? NAME_BEFORE.exec(text)?.[1] ?? text).trim();
}
