/**
 * Finds the variables of a URI template in a URI: RFC 6570 level 1 (`stream://{name}/{key}`), and `{+name}` of level 2
 * for a value that has slashes in it (`mqtt://{host}/{+topic}`).
 */
import { TidegateError } from '../../base/errors.ts';
import { normalUri, URI_EXPRESSION, uriVariables, withEscapes, withNormalEscapes } from '../../base/uri.ts';

export interface UriTemplate {
  template: string;
  variables: readonly string[];
  /** The values, percent-decoded. Null where the URI does not fit the template. */
  match(uri: string): Record<string, string> | null;
}

export function isTemplate(uri: string): boolean {
  return uri.includes('{');
}

/** @throws TidegateError `invalid_config` naming `path` for anything but `{name}` or `{+name}` between braces. */
export function uriTemplate(template: string, path: string): UriTemplate {
  const expressions = [...template.matchAll(URI_EXPRESSION)];
  const variables = uriVariables(template);
  const literals = template.split(/\{\+?[A-Za-z0-9_]+\}/);
  if (literals.some((literal) => /[{}]/.test(literal)) || new Set(variables).size !== variables.length) {
    throw new TidegateError('invalid_config', `${path}: ${template} is no template of variables`, {
      field: path,
      expected: 'variables as {name} or {+name}, each once',
    });
  }
  const ends = expressions.map(([, operator]) => (operator === '+' ? '?#' : '/?#'));
  // As they stand in the normal form. The values are decoded either way.
  const sent = literals.map((literal) => withNormalEscapes(withEscapes(literal)));
  const isSentAlike = sent.join() === literals.join();
  return {
    template,
    variables,
    match(uri) {
      const found = valuesIn(uri, literals, ends) ?? (isSentAlike ? null : valuesIn(normalUri(uri), sent, ends));
      if (found === null) return null;
      try {
        return Object.fromEntries(variables.map((name, index) => [name, decodeURIComponent(found[index] ?? '')]));
      } catch {
        return null;
      }
    },
  };
}

const SEPARATOR = /[/\\]/;

/**
 * Whether a value, or the URI with its values, has a `..` as a segment, by which a path leaves its folder. `%2F` in a simple
 * variable is a slash of the value (RFC 6570, 3.2.2), and Windows takes a backslash as one.
 */
export function leavesFolder(uri: string, variables: Record<string, string>): boolean {
  return [decoded(uri), ...Object.values(variables)].some((text) => text.split(SEPARATOR).includes('..'));
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri;
  }
}

/**
 * The values between literals; null where the URI does not fit. An earlier value is as long as it can be, as a pattern would
 * take it. Who calls writes the URI, and a pattern tries all ways to divide it: here each place is looked at once for each value.
 * @param ends the characters that each value cannot have
 */
function valuesIn(uri: string, literals: readonly string[], ends: readonly string[]): string[] | null {
  const [first = '', ...others] = literals;
  if (!uri.startsWith(first) || !uri.endsWith(literals.at(-1) ?? '')) return null;
  /** Of each value, by where it begins: where it ends, if all behind it fits; 0: nowhere. */
  const endings: Int32Array[] = [];
  let fitsBehind = (place: number) => place === uri.length;
  for (const [back, literal] of others.toReversed().entries()) {
    const endsHere = ends[others.length - 1 - back] ?? '';
    const fits = fitsBehind;
    const ending = new Int32Array(uri.length + 1);
    let last = 0;
    for (let place = uri.length; place >= first.length; place -= 1) {
      if (place < uri.length && endsHere.includes(uri[place] ?? '')) last = 0;
      ending[place] = last;
      if (last === 0 && uri.startsWith(literal, place) && fits(place + literal.length)) last = place;
    }
    endings.unshift(ending);
    fitsBehind = (place) => (ending[place] ?? 0) > 0;
  }
  const values: string[] = [];
  let at = first.length;
  for (const [index, ending] of endings.entries()) {
    const end = ending[at] ?? 0;
    if (end === 0) return null;
    values.push(uri.slice(at, end));
    at = end + (others[index]?.length ?? 0);
  }
  return at === uri.length ? values : null;
}
