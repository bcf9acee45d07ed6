/** The text of an element: as text, as markup, or decoded as Atom says. Pure. */
import { resolvedAttribute, withAbsoluteLinks } from './links.ts';
import type { XmlElement } from './tree.ts';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const XHTML = 'http://www.w3.org/1999/xhtml';
const ATOM_03 = 'http://purl.org/atom/ns#';
/** Elements of HTML that have no end. */
const VOID = new Set(['area', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta', 'source', 'track', 'wbr']);

type Content = XmlElement['content'];

/** Without space around it. Markup that the source did not escape is written out. */
export function elementText({ content }: XmlElement): string {
  return (isText(content) ? content.join('') : markupOf(content)).trim();
}

/** A text that may be HTML, with its links absolute. */
export function htmlOf(element: XmlElement): string {
  return withAbsoluteLinks(elementText(element), element.base);
}

/** A text of Atom 1.0 or 0.3, by its type. What is neither text nor markup is base64. */
export function atomText(element: XmlElement): string {
  const type = attributeOf(element, 'type')?.toLowerCase() ?? 'text';
  const mode = attributeOf(element, 'mode')?.toLowerCase();
  if (!isText(element.content)) return unwrapped(element, type);
  const isWritten = /^(?:text|html|xhtml)$|^text\/|\b(?:xml|json)$/.test(type);
  const text =
    mode === 'base64' || (mode === undefined && !isWritten) ? fromBase64(elementText(element)) : elementText(element);
  return /^text(?:\/plain)?$/.test(type) ? text : withAbsoluteLinks(text, element.base);
}

/** An attribute by its name, whatever its case, without space around it. */
export function attributeOf({ attributes }: XmlElement, name: string): string | null {
  const exact = attributes.get(name);
  if (exact !== undefined) return exact.trim();
  for (const [key, value] of attributes) if (key.toLowerCase() === name) return value.trim();
  return null;
}

/** The `div` around XHTML is not part of it (RFC 4287, 3.1.1.3). In Atom 0.3 it is. */
function unwrapped(element: XmlElement, type: string): string {
  const [only, ...others] = element.content.filter((part) => typeof part !== 'string' || part.trim() !== '');
  const isWrapped = typeof only === 'object' && only.name === 'div' && others.length === 0;
  if (!isWrapped || element.space.toLowerCase() === ATOM_03) return elementText(element);
  // Some sources wrap HTML that is escaped.
  return type === 'html' && isText(only.content) ? htmlOf(only) : markupOf(only.content).trim();
}

const isText = (content: Content) => content.every((part) => typeof part === 'string');

function fromBase64(text: string): string {
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
  } catch {
    return text;
  }
}

function markupOf(content: Content): string {
  return content.map((part) => (typeof part === 'string' ? escaped(part, /[&<>]/g) : elementMarkup(part))).join('');
}

function elementMarkup({ name, tag, space, attributes, content, base }: XmlElement): string {
  // The prefix of XHTML says nothing outside of the document.
  const shown = space === XHTML ? name : tag;
  const pairs = [...attributes].filter(([key, value]) => !(key.startsWith('xmlns') && value === XHTML));
  const written = pairs.map(([key, value]) => `${key}="${escaped(resolvedAttribute(key, value, base), /[&<>"]/g)}"`);
  const begin = [shown, ...written].join(' ');
  if (VOID.has(name)) return `<${begin} />${markupOf(content)}`;
  return `<${begin}>${markupOf(content)}</${shown}>`;
}

function escaped(text: string, special: RegExp): string {
  return text.replace(special, (character) => ESCAPES[character] ?? character);
}
