/**
 * RFC 6570 level 1 templates, and `{+name}` of level 2, matched backwards: `stream://{name}/{key}` finds its variables in a
 * URI, and `mqtt://{host}/{+topic}` one that has slashes in it.
 */
import { TidegateError } from '../../base/errors.ts';
import { URI_EXPRESSION, uriVariables } from '../../base/uri-variables.ts';

export interface UriTemplate {
  template: string;
  variables: readonly string[];
  /** The variables, percent-decoded; null where the URI is not of this shape. */
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
  const parts = literals.map((literal, index) => {
    const operator = expressions[index]?.[1];
    const value = operator === undefined ? '' : operator === '+' ? '([^?#]+)' : '([^/?#]+)';
    return `${escapeLiteral(literal)}${value}`;
  });
  const pattern = new RegExp(`^${parts.join('')}$`);
  return {
    template,
    variables,
    match(uri) {
      const found = pattern.exec(uri);
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
