/** What the compiler knows of a declaration, and what it refuses. Nothing here is run but the declaring itself. */
import { describe, expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';
import { form, page, prompt, resource, stream, tool, type Answer, type HandlerContext } from '../../src/index.ts';

const schema = z.object({
  sensor: z.string(),
  n: z.number(),
  at: z.string(),
  tags: z.array(z.string()),
  ok: z.boolean(),
  maybe: z.string().optional(),
  nothing: z.string().nullable(),
  filled: z.string().default('a'),
});
const description = 'x';
const run = () => Promise.resolve('');

test('a stream picks fields that hold what it needs', () => {
  stream({ description, schema, key: 'sensor', time: 'at', id: 'n', revision: 'maybe' });
  stream({ description, schema, key: 'filled', time: 'n', revision: 'nothing' });
  stream({
    description,
    schema,
    key: ({ maybe }) => maybe,
    time: ({ n }) => new Date(n),
    id: ({ tags }) => tags.join(),
  });
  stream({ description, schema: z.preprocess((raw) => raw, schema), key: 'sensor' });
  // @ts-expect-error an array
  stream({ description, schema, key: 'tags' });
  // @ts-expect-error true or false
  stream({ description, schema, time: 'ok' });
  // @ts-expect-error an array
  stream({ description, schema, id: 'tags' });
  // @ts-expect-error may be missing
  stream({ description, schema, key: 'maybe' });
  // @ts-expect-error may be null
  stream({ description, schema, id: 'nothing' });
  // @ts-expect-error true or false
  stream({ description, schema, id: 'n', revision: 'ok' });
  // @ts-expect-error no such field
  stream({ description, schema, key: 'sensr' });
  // @ts-expect-error a function that answers an array
  stream({ description, schema, key: ({ tags }) => tags });
  // @ts-expect-error no such limit
  stream({ description, schema, retention: { count: 5 } });
  const either = z.union([z.object({ a: z.string(), b: z.string() }), z.object({ a: z.string(), b: z.boolean() })]);
  stream({ description, schema: either, key: 'a' });
  // @ts-expect-error true or false in one of the union
  stream({ description, schema: either, key: 'b' });
  expect(stream({ description, schema, key: 'sensor' }).kind).toBe('stream');
});

test('what is appended to a stream is what its schema takes; of a name nothing is known', () => {
  const temps = stream({ description, schema: z.object({ celsius: z.number(), unit: z.string().default('°C') }) });
  const use = async ({ streams }: HandlerContext) => {
    const event = await streams.append(temps, { celsius: 5 });
    expectTypeOf(event.data).toEqualTypeOf<{ celsius: number; unit: string }>();
    expectTypeOf((await streams.latest(temps))?.data.celsius).toEqualTypeOf<number | undefined>();
    // @ts-expect-error no such field, and celsius is missing
    await streams.append(temps, { celcius: 5 });
    // @ts-expect-error a text
    await streams.append(temps, { celsius: '5' });
    // @ts-expect-error nothing
    await streams.append(temps, {});
    await streams.append('temps', { celcius: 'x' });
  };
  tool({ description, run: async (_input, context) => use(context).then(run) });
});

test('windows of a stream are asked for by its numbers, and answer what was asked', () => {
  const temps = stream({
    description,
    schema: z.object({ celsius: z.number(), pump: z.object({ state: z.string() }) }),
  });
  const use = async ({ streams }: HandlerContext) => {
    const { rows } = await streams.windows(temps, {
      window: '1h',
      field: 'celsius',
      aggregates: ['p95', 'rate/minute'],
    });
    expectTypeOf(rows[0]?.values).toEqualTypeOf<Readonly<Record<'p95' | 'rate/minute', number | null>> | undefined>();
    await streams.windows(temps, { window: '1h', by: ['key', 'pump.state'], where: { celsius: { above: 3 } } });
    await streams.windows('temps', { window: '1h', field: 'anything', aggregates: ['gaps>5m'] });
    // @ts-expect-error no number
    await streams.windows(temps, { window: '1h', field: 'pump.state' });
    // @ts-expect-error no such aggregate
    await streams.windows(temps, { window: '1h', field: 'celsius', aggregates: ['median'] });
  };
  tool({ description, run: async (_input, context) => use(context).then(run) });
});

describe('a resource', () => {
  test('gets the variables of its URI', () => {
    resource({
      uri: 'mine://{owner}/{id}',
      read: async (variables) => {
        expectTypeOf(variables).toEqualTypeOf<Record<'owner' | 'id', string>>();
        return variables.id;
      },
      complete: {
        id: async (value, _context, chosen) => {
          expectTypeOf(value).toBeString();
          expectTypeOf(chosen?.owner).toEqualTypeOf<string | undefined>();
          return [value];
        },
      },
    });
    // @ts-expect-error no such variable
    resource({ uri: 'mine://{id}', read: async ({ ident }) => String(ident) });
    // @ts-expect-error a URI without variables
    resource({ uri: 'mine://all', read: async ({ id }) => String(id) });
    // @ts-expect-error no such variable
    resource({ uri: 'mine://{id}', read: run, complete: { ident: async () => [] } });
    expect(resource({ uri: 'mine://{id}', read: run }).kind).toBe('resource');
  });

  test('whose URI is made while it runs gets any', () => {
    const uri: string = ['mine://', '{id}'].join('');
    resource({
      uri,
      read: async (variables) => {
        expectTypeOf(variables).toEqualTypeOf<Record<string, string>>();
        return '';
      },
    });
  });
});

describe('a prompt', () => {
  test('gets the arguments that it declares', () => {
    prompt({
      description,
      arguments: [{ name: 'topic', required: true, complete: async (value) => [value] }, { name: 'tone' }],
      run: async (input) => {
        expectTypeOf(input.topic).toBeString();
        expectTypeOf(input.tone).toEqualTypeOf<string | undefined>();
        // @ts-expect-error no such argument
        return String(input.tpic);
      },
    });
    prompt({
      description,
      arguments: [{ name: 'topic' }],
      // @ts-expect-error no such argument
      run: async ({ tone }) => String(tone),
    });
    expect(prompt({ description, run }).kind).toBe('prompt');
  });
});

test('an answer is what the form asks for, and who lists or completes asks nothing', () => {
  const input = z.object({ n: z.number().default(1) });
  const use = async ({ ask, roots }: HandlerContext) => {
    expectTypeOf(await ask('n', form('How many?', input))).toEqualTypeOf<Answer<{ n: number }>>();
    expectTypeOf(await ask('in', page('Sign in', 'https://example.org'))).toEqualTypeOf<
      Answer<Record<string, never>>
    >();
    expectTypeOf((await roots('folders'))[0]?.uri).toEqualTypeOf<string | undefined>();
  };
  expect(use).toBeTypeOf('function');
  resource({
    uri: 'a://{b}',
    read: (_variables, { ask }) => ask('n', form('How many?', input)).then(() => ''),
    // @ts-expect-error not here
    list: ({ ask }) => Promise.resolve([ask]),
  });
});
