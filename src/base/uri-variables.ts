/** The variables of a URI template, as resources declare them: `{name}`, and `{+name}` for what has slashes. Pure. */

/** The operator, then the name. */
export const URI_EXPRESSION = /\{(\+?)([A-Za-z0-9_]+)\}/g;

/** The names of a template's variables, in their order. */
export function uriVariables(template: string): string[] {
  return [...template.matchAll(URI_EXPRESSION)].map(([, , name]) => name ?? '');
}
