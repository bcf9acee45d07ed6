/**
 * Finds items of a feed where none are read: in what lacks its end, and in texts. Documents that are not well-formed hide
 * items in this way, and nothing else shows that they are missing. Pure.
 */
import { unreadable } from './unreadable.ts';

/** What is passed over in one piece. */
type PassedOver =
  | 'a comment'
  | 'CDATA'
  | 'an instruction'
  | 'a document type'
  | 'a declaration'
  | 'an end tag'
  | 'a preface';

const ITEM_START = /<(?:[\w.-]+:)?(?:item|entry)(?=[\s/>])/i;
const FIELD_END = /<\/(?:[\w.-]+:)?(?:title|description|summary|content|encoded|subtitle|rights)\s*>/i;
const ITEM_TAG = /<(\/?)(?:[\w.-]+:)?(?:item|entry)(?=[\s/>])/i;
/** Also where the text was escaped. */
const ANY_ITEM_START = /(?:<|&lt;|&#0*60;|&#x0*3c;)(?:[\w.-]+:)?(?:item|entry)(?=[\s/>&])/i;

/**
 * Passes over a piece of a document; answers `end`. A comment and CDATA may hold items if nothing speaks against their end.
 * @throws TidegateError `upstream`, with the line of the first item that would be lost
 */
export function passOver(kind: PassedOver, text: string, begin: number, end: number): number {
  const piece = text.slice(begin, end);
  const item = piece.search(ITEM_START);
  if (item === -1) return end;
  if (kind === 'a comment' && isWholeComment(piece)) return end;
  if (kind === 'CDATA' && isWholeCdata(piece)) return end;
  throw unreadable(`has an item within ${kind}, where it would be lost`, text, begin + item);
}

/** XML allows no `--` in a comment. One that begins within an item, and goes on to the next, lacks its end too. */
function isWholeComment(piece: string): boolean {
  return !piece.slice(4, -3).includes('--') && ITEM_TAG.exec(piece)?.[1] === '';
}

/**
 * CDATA that holds the start of another lacks its end, unless it holds the first half of an end that was split, or speaks of
 * items before any field or item ends in it.
 */
function isWholeCdata(piece: string): boolean {
  if (!piece.includes('<![CDATA[', 9) || piece.endsWith(']]]]>')) return true;
  return piece.search(FIELD_END) === -1 && ITEM_TAG.exec(piece)?.[1] === '';
}

/** Whether a comment of a document holds an item. CDATA holds no comments. */
export function isItemInComment(text: string): boolean {
  const markup = cut(text, '<![CDATA[', ']]>').outside.join('');
  return cut(markup, '<!--', '-->').within.some((comment) => ITEM_START.test(comment));
}

/** What stands between two marks, and what stands outside of them. A mark without the other counts as text. */
function cut(text: string, open: string, close: string): { within: string[]; outside: string[] } {
  const within: string[] = [];
  const outside: string[] = [];
  for (let at = 0; ;) {
    const begin = text.indexOf(open, at);
    const end = begin === -1 ? -1 : text.indexOf(close, begin + open.length);
    outside.push(text.slice(at, end === -1 ? text.length : begin));
    if (end === -1) return { within, outside };
    within.push(text.slice(begin + open.length, end));
    at = end + close.length;
  }
}

/** Where the first item begins in a text, be it escaped, in CDATA or in a comment; null where there is none. */
export function anyItemWithin(text: string): number | null {
  const item = text.search(ANY_ITEM_START);
  return item === -1 ? null : item;
}
