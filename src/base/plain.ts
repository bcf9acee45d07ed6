/**
 * Texts that others wrote, in a form that can stand within a line of ours. Characters that end a line, steer a terminal, turn the
 * direction of writing or are not seen become escapes of JSON, so that nobody forges a line, hides a word or moves a cursor. Whatever
 * the app did not declare goes through here before a model or a terminal reads it. Pure.
 */
import { sentJson } from './json.ts';

/** Controls, ends of lines, directions, what is without width, tags, halves of pairs. The two that choose how an emoji looks are harmless. */
const UNSEEN = /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;
/** Nearly all texts, found faster: ranges in which nothing is unseen. */
const SEEN =
  /^[ -~\u00a1-\u00ac\u00ae-\u034e\u0350-\u05ff\u1e00-\u200a\u2010-\u2027\u2030-\u205e\u2070-\u3163\u3165-\ud7ff]*$/;
/** What can stand in a line without quotes. */
const NAME = /^[^\s"=:{}[\],()]{1,256}$/u;
/** Nearly all of these. */
const ASCII_NAME = /^[!#-'*+\-./0-9;<>?@A-Z\\^_`a-z|~]{1,256}$/;
const SHORT: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Whether a text can stand in a line as it is. */
export function isOneLine(text: string): boolean {
  return SEEN.test(text) || text.search(UNSEEN) === -1;
}

/** The text on one line, each character that is not seen as its escape. A text of ours with words of others goes through this. */
export function oneLine(text: string): string {
  return SEEN.test(text) ? text : text.replaceAll(UNSEEN, (found) => SHORT[found] ?? escaped(found));
}

/** Each on a line of its own, joined to one text. */
export function inLines(lines: readonly string[]): string {
  return lines.map(oneLine).join('\n');
}

/** A value as JSON on one line, with the same meaning. Empty for what JSON does not have. */
export function jsonText(value: unknown): string {
  return oneLine(JSON.stringify(value) ?? '');
}

/** A value as a whole document of JSON on one line, which every client reads: `sentJson` says what may be lost. */
export function jsonDocument(value: unknown): string {
  return oneLine(sentJson(value));
}

/** A key or a name: in quotes where it would not be told from what stands beside it. */
export function plainText(text: string): string {
  return ASCII_NAME.test(text) || (NAME.test(text) && isOneLine(text)) ? text : jsonText(text);
}

/** What somebody said, such as an error or a reason: in quotes where it would not stay within its line. */
export function saidText(text: string): string {
  return isOneLine(text) ? text : jsonText(text);
}

function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}
