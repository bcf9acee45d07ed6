/** RFC 6570 level 1 templates, matched backwards: `stream://{name}/{key}` finds its variables in a URI. */
import { TidegateError } from '../core/errors.ts';

export interface UriTemplate {
  template: string;
  variables: readonly string[];
  /** The variables, percent-decoded; null where the URI is not of this shape. */
  match(uri: string): Record<string, string> | null;
}

const EXPRESSION = /\{([A-Za-z0-9_]+)\}/g;

export function isTemplate(uri: string): boolean {
  return uri.includes('{');
}

/** @throws TidegateError `invalid_config` naming `path` for anything but `{name}` between braces. */
export function uriTemplate(template: string, path: string): UriTemplate {
  const variables = [...template.matchAll(EXPRESSION)].map(([, name]) => name ?? '');
  const literals = template.split(/\{[A-Za-z0-9_]+\}/);
  if (literals.some((literal) => /[{}]/.test(literal)) || new Set(variables).size !== variables.length) {
    throw new TidegateError('invalid_config', `${path}: ${template} is not an RFC 6570 level 1 template`, {
      field: path,
      expected: 'variables as {name}, each once',
    });
  }
  const pattern = new RegExp(`^${literals.map(escapeLiteral).join('([^/?#]+)')}$`);
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
