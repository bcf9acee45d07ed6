/**
 * Finds the tags, texts and sections of XML, in one pass that is linear in the text. It reads tags as HTML may write them
 * too, and takes `<` and `&` by themselves as text. What it cannot read, what has no end, what is passed over with an item
 * in it, and NUL are errors with their line. It does not know which tag ends which: tree.ts does. It expands nothing but
 * the entities of HTML, and fetches nothing.
 */
import { decodeHTMLStrict } from 'entities/decode';
import { passOver } from './swallowed.ts';
import { unreadable } from './unreadable.ts';

interface MarkupHandler {
  /** `at` is where the tag begins in the text. */
  begin(tag: string, attributes: ReadonlyMap<string, string>, at: number): void;
  end(tag: string, at: number): void;
  text(text: string): void;
}

const TAG_NAME = /[A-Za-z_:\u0080-\uffff][^\s<>/="'&]*/y;
/** A tag within a value shows that the value lacks its quote. XML allows no `<` there at all. */
const ATTRIBUTE =
  /\s*([^\s<>/="']+)(?:\s*=\s*(?:"([^"<]*(?:<(?![A-Za-z_:/!?])[^"<]*)*)"|'([^'<]*(?:<(?![A-Za-z_:/!?])[^'<]*)*)'|([^\s"'<>]+)))?/y;
const TAG_END = /\s*(?:(\/)\s*)?>/y;
const DOCUMENT_TYPE = /<!doctype\b/iy;
/** A general entity. Those of parameters are of use in the document type alone. */
const ENTITY = /<!entity\s+(?!%)/i;
/** What XML allows nowhere. Sources that copy text from elsewhere send it, and it means nothing. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0001-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]+/g;

const clean = (part: string) => part.replace(CONTROL, '');

/** @throws TidegateError `upstream` with the line */
export function scanMarkup(text: string, handler: MarkupHandler): void {
  const nul = text.indexOf('\0');
  if (nul !== -1) throw unreadable('has a NUL', text, nul);
  let hasRoot = false;
  let at = 0;

  const endOf = (mark: string, what: string) => {
    const end = text.indexOf(mark, at);
    if (end === -1) throw unreadable(`has ${what} without an end, or is cut off`, text, at);
    return end;
  };
  const matchAt = (pattern: RegExp, place: number) => {
    pattern.lastIndex = place;
    return pattern.exec(text);
  };

  function readTag(name: string): void {
    const attributes = new Map<string, string>();
    const begin = at;
    at += 1 + name.length;
    for (;;) {
      const end = matchAt(TAG_END, at);
      if (end !== null) {
        at = TAG_END.lastIndex;
        handler.begin(name, attributes, begin);
        if (end[1] === '/') handler.end(name, begin);
        return;
      }
      const attribute = matchAt(ATTRIBUTE, at);
      if (attribute === null) throw unreadable(`has a tag <${name.slice(0, 40)} that cannot be read`, text, begin);
      at = ATTRIBUTE.lastIndex;
      const [, key = '', double, single, bare] = attribute;
      if (!attributes.has(key)) attributes.set(key, decodeHTMLStrict(clean(double ?? single ?? bare ?? '')));
    }
  }

  function passOverSection(): void {
    if (text.startsWith('<!--', at)) at = passOver('a comment', text, at, endOf('-->', 'a comment') + 3);
    else if (text.startsWith('<?', at)) at = passOver('an instruction', text, at, endOf('?>', 'an instruction') + 2);
    else if (matchAt(DOCUMENT_TYPE, at) !== null)
      at = passOver('a document type', text, at, endOfDocumentType(text, at, hasRoot));
    else at = passOver('a declaration', text, at, endOf('>', 'a declaration') + 1);
  }

  while (at < text.length) {
    const next = text.indexOf('<', at);
    const until = next === -1 ? text.length : next;
    if (until > at) handler.text(decodeHTMLStrict(clean(text.slice(at, until))));
    at = until;
    if (next === -1) return;
    const mark = text[at + 1];
    const name = matchAt(TAG_NAME, at + (mark === '/' ? 2 : 1))?.[0];
    if (text.startsWith('<![CDATA[', at)) {
      const end = endOf(']]>', 'CDATA');
      handler.text(clean(text.slice(at + 9, end)));
      at = passOver('CDATA', text, at, end + 3);
    } else if (mark === '!' || mark === '?') {
      passOverSection();
    } else if (name === undefined) {
      handler.text('<');
      at += 1;
    } else if (mark === '/') {
      // The very last tag may lack its last character.
      const end = text.indexOf('>', at);
      handler.end(name, at);
      at = passOver('an end tag', text, at, end === -1 ? text.length : end + 1);
    } else {
      readTag(name);
      hasRoot = true;
    }
  }
}

/** Where a document type ends. Its quotes, comments and brackets may hold what looks like an end. */
function endOfDocumentType(text: string, begin: number, hasRoot: boolean): number {
  if (hasRoot) throw unreadable('has a document type within it', text, begin);
  const PIECE = /[^"'<>[\]]*(<!--|<\?|.)/sy;
  let depth = 0;
  for (let at = begin; at < text.length;) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(text)?.[1];
    if (piece === undefined) break;
    at = PIECE.lastIndex;
    const close = CLOSED_BY[piece];
    if (close !== undefined) {
      const end = text.indexOf(close, at);
      if (end === -1) break;
      at = end + close.length;
    } else if (piece === '<' || piece === '[') depth += 1;
    else depth -= 1;
    if (depth > 0 || piece !== '>') continue;
    const entity = text.slice(begin, at).search(ENTITY);
    if (entity !== -1) throw unreadable('declares entities of its own', text, begin + entity);
    return at;
  }
  throw unreadable('has a document type without an end, or is cut off', text, begin);
}

const CLOSED_BY: Readonly<Record<string, string>> = { '"': '"', "'": "'", '<!--': '-->', '<?': '?>' };
