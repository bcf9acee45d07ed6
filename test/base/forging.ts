/** Characters with which a text forges a line, hides a word or steers a terminal. */

/** Of each kind one, by name. */
export const FORGING: Record<string, string> = {
  'a line feed': '\n',
  'a carriage return': '\r',
  'a next line': '\u0085',
  'a line separator': '\u2028',
  'a paragraph separator': '\u2029',
  'a vertical tab': '\v',
  ANSI: '\u001b[2J',
  'an OSC that ends with a bell': '\u001b]0;title\u0007',
  'the CSI of one byte': '\u009b31m',
  'a backspace': '\b',
  'a delete': '\u007f',
  'a null': '\0',
  'a turn to the left': '\u202e',
  'an isolate': '\u2066',
  'a mark of direction': '\u200f',
  'the Arabic mark': '\u061c',
  'no width': '\u200b',
  'a joiner of no width': '\u2060',
  'a byte order mark': '\ufeff',
  'a soft hyphen': '\u00ad',
  'a tag': '\u{e0041}',
  'a selector beyond the emoji': '\u{e0100}',
  'a Hangul filler': '\u3164',
  'half of a pair': '\ud83d',
};
