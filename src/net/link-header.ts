/**
 * Reads a `Link` header (RFC 8288, section 3). Both feeds and HTTP tools follow pages by it. It judges no target: whether
 * one may be asked is decided by whoever follows it. Pure.
 */

/** The target of the first link with this relation type, as it is written; null where there is none. Linear in the header. */
export function linkTarget(header: string | null, relation: string): string | null {
  const text = header ?? '';
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('<', at);
    const close = open === -1 ? -1 : text.indexOf('>', open);
    if (close === -1) return null;
    const { parameters, end } = readParameters(text, close + 1);
    if (parameters.some((parameter) => names(parameter, relation))) return text.slice(open + 1, close);
    at = end;
  }
  return null;
}

/** Whether a parameter is a `rel` that names the relation; one `rel` may name several, and case does not count. */
function names(parameter: string, relation: string): boolean {
  const equals = parameter.indexOf('=');
  if (parameter.slice(0, equals).trim().toLowerCase() !== 'rel') return false;
  const value = parameter.slice(equals + 1).trim();
  return value.replaceAll('"', '').toLowerCase().split(/\s+/).includes(relation);
}

/** The parameters of one link, and where the next link may begin. Semicolons and commas within quotes end nothing. */
function readParameters(text: string, from: number): { parameters: string[]; end: number } {
  const parameters: string[] = [];
  let quoted = false;
  let begin = from;
  let at = from;
  for (; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') {
      at += 1;
      continue;
    }
    if (character === '"') quoted = !quoted;
    if (quoted || (character !== ';' && character !== ',')) continue;
    parameters.push(text.slice(begin, at));
    begin = at + 1;
    if (character === ',') break;
  }
  if (at >= text.length) parameters.push(text.slice(begin));
  return { parameters, end: at + 1 };
}
