/** The fields of an entry, by their keys, and the texts in them. Pure. */
import { asIso8601 } from '../../base/time/source-time.ts';
import { resolved } from './links.ts';
import { attributeOf, elementText } from './text.ts';
import type { XmlElement } from './tree.ts';

export type KeyOf = (element: XmlElement) => string;

export interface Fields {
  /** The elements of a key, in the order of the document. */
  all(...keys: string[]): XmlElement[];
  /** The first text that is not empty, in the order of the keys; null where there is none. */
  text(...keys: string[]): string | null;
  /** What an element reads as, for the first of which something comes. */
  first(read: (element: XmlElement) => string | null, ...keys: string[]): string | null;
}

export function elementFields({ content }: XmlElement, keyOf: KeyOf): Fields {
  const byKey = new Map<string, XmlElement[]>();
  for (const part of content) {
    if (typeof part === 'string') continue;
    const key = keyOf(part);
    const same = byKey.get(key);
    if (same === undefined) byKey.set(key, [part]);
    else same.push(part);
  }
  const all = (...keys: string[]) => keys.flatMap((key) => byKey.get(key) ?? []);
  const first: Fields['first'] = (read, ...keys) => {
    for (const key of keys) {
      for (const element of byKey.get(key) ?? []) {
        const found = read(element);
        if (found !== null && found !== '') return found;
      }
    }
    return null;
  };
  return { all, first, text: (...keys) => first(elementText, ...keys) };
}

/** A link that stands in an attribute, resolved. */
export function linkIn(element: XmlElement, attribute: string): string | null {
  return resolved(attributeOf(element, attribute) ?? '', element.base);
}

/** Texts without those that are empty or stand there twice. */
export function distinct(texts: readonly (string | null | undefined)[]): string[] {
  return [...new Set(texts.filter((text) => typeof text === 'string' && text !== ''))] as string[];
}

/**
 * The first of the texts that is a time, in ISO 8601: in UTC, or without a zone where the text has none, so that the zone of the
 * stream decides. Where none is a time, the first text as the source wrote it: the stream refuses it, and its dead letter shows it.
 */
export function entryTime(...texts: (string | null)[]): string | null {
  const written = texts.filter((text) => text !== null);
  for (const text of written) {
    const time = asIso8601(text);
    if (time !== null) return time;
  }
  return written[0] ?? null;
}
