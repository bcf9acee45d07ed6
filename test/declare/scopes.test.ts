/** The scopes that tools, tasks, resources and prompts declare. */
import { expect, test } from 'vitest';
import { type AppOptions, defineApp, httpTool, prompt, resource, task, tool } from '../../src/index.ts';

const run = async () => '';
const description = 'x';
const made = {
  tools: (scopes: readonly string[]) => ({ one: tool({ description, run, scopes }) }),
  tasks: (scopes: readonly string[]) => ({ one: task({ description, version: '1', run, scopes }) }),
  resources: (scopes: readonly string[]) => ({ one: resource({ uri: 'a://b', read: run, scopes }) }),
  prompts: (scopes: readonly string[]) => ({ one: prompt({ description, run, scopes }) }),
  apis: (scopes: readonly string[]) => ({ one: httpTool({ description, url: 'https://a.example/', scopes }) }),
};

function declared(kind: keyof typeof made, scopes: readonly unknown[]) {
  const things = made[kind](scopes as readonly string[]);
  const options = { [kind === 'apis' ? 'tools' : kind]: things } as Partial<AppOptions>;
  return defineApp({ name: 'a', version: '1', description, ...options });
}

test.each(Object.keys(made) as (keyof typeof made)[])('%s declare scopes', (kind) => {
  const app = declared(kind, ['crm', 'crm:write', 'https://a.example/scope']);
  const part = kind === 'apis' ? 'tools' : kind;
  expect(app[part].get('one')?.scopes).toEqual(['crm', 'crm:write', 'https://a.example/scope']);
  const most = Array.from({ length: 16 }, (_, n) => `s${n}`);
  expect(declared(kind, most)[part].get('one')?.scopes).toHaveLength(16);
  expect(() => declared(kind, [...most, 'one-more'])).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: `${part}.one.scopes` }),
  );
  for (const wrong of ['*', '', 'a b', 'a"b', 'a\\b', 'ä', 'x'.repeat(129), 5, null]) {
    expect(() => declared(kind, ['right', wrong]), String(wrong)).toThrow(
      expect.objectContaining({ code: 'invalid_config', field: `${part}.one.scopes.1` }),
    );
  }
});
