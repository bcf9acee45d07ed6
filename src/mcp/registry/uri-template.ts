/**
 * Finds the variables of a URI template in a URI: RFC 6570 level 1 (`stream://{name}/{key}`), and `{+name}` of level 2
 * for a value that has slashes in it (`mqtt://{host}/{+topic}`).
 */
import { TidegateError } from '../../base/errors.ts';
import { normalUri } from './normal-uri.ts';
import { URI_EXPRESSION, uriVariables } from '../../base/uri-variables.ts';

const BEYOND_ASCII = /[^\x20-\x7e]+/g;

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
  const patternOf = (written: readonly string[]) => {
    const parts = written.map((literal, index) => {
      const operator = expressions[index]?.[1];
      const value = operator === undefined ? '' : operator === '+' ? '([^?#]+)' : '([^/?#]+)';
      return `${escapeLiteral(literal)}${value}`;
    });
    return new RegExp(`^${parts.join('')}$`);
  };
  const pattern = patternOf(literals);
  // As clients send letters beyond ASCII. The values are decoded either way.
  const sent = literals.map((literal) => literal.replace(BEYOND_ASCII, encodeURIComponent));
  const sentPattern = sent.join() === literals.join() ? null : patternOf(sent);
  return {
    template,
    variables,
    match(uri) {
      const found = pattern.exec(uri) ?? sentPattern?.exec(normalUri(uri));
      if (!found) return null;
      try {
        return Object.fromEntries(variables.map((name, index) => [name, decodeURIComponent(found[index + 1] ?? '')]));
      } catch {
        return null;
      }
    },
  };
}

function escapeLiteral(literal: string): string {
  return literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
