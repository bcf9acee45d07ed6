/** Reads what feedparser's cases expect: comparisons of a path with a literal of Python. It knows no other Python. */

export interface Expectation {
  /** Such as `entries.0.title_detail.value`. */
  path: string;
  value: string | null | readonly number[];
}

const COMPARISON = /^\(?\s*([a-z]\w*(?:\[[^\]]+\]|\.\w+)*)\s*==\s*(?=["'(uN])/;
const ESCAPED = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\s\S]))/gi;

/** The expectations that `and` joins. A part that is no such comparison is null. */
export function expectationsIn(code: string): (Expectation | null)[] {
  const found: (Expectation | null)[] = [];
  let rest = code.trim().replace(/^not bozo\s+and\s+/, '');
  while (rest !== '') {
    const [head = '', path = ''] = COMPARISON.exec(rest) ?? [];
    const literal = head === '' ? null : literalAt(rest.slice(head.length));
    if (literal === null) return [...found, null];
    found.push({ path: path.replace(/\[['"]?([^\]'"]+)['"]?\]/g, '.$1'), value: literal.value });
    rest = rest
      .slice(head.length + literal.length)
      .replace(/^\s*\)?\s*(?:and\b\s*)?/, '')
      .trim();
  }
  return found;
}

function literalAt(text: string): { value: Expectation['value']; length: number } | null {
  const none = /^None\b/.exec(text);
  if (none !== null) return { value: null, length: 4 };
  const tuple = /^\(([\d,\s]+)\)/.exec(text);
  if (tuple !== null) return { value: (tuple[1] ?? '').split(',').map(Number), length: tuple[0].length };
  const string = /^u?("""|'''|"|')((?:\\[\s\S]|(?!\1)[\s\S])*)\1/.exec(text);
  return string === null ? null : { value: unescaped(string[2] ?? ''), length: string[0].length };
}

function unescaped(text: string): string {
  return text.replace(ESCAPED, (_whole, x?: string, u?: string, U?: string, other = '') => {
    const code = x ?? u ?? U;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    return { n: '\n', t: '\t', r: '\r', '\n': '' }[other as string] ?? (other as string);
  });
}
