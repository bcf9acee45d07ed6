import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { describeStreams, exampleCall, FIELDS_CHARACTERS, streamNames } from '../../src/tools/describe.ts';
import { plant } from './plant.ts';

function many(count: number, fieldsEach: number) {
  const shape = Object.fromEntries(
    Array.from({ length: fieldsEach }, (_, index) => [
      `field_${index}`,
      z.number().meta({ unit: 'm', description: 'How far' }),
    ]),
  );
  const streams = Array.from({ length: count }, (_, index) => [
    `stream-number-${index}`,
    stream({ description: `Measures of the place ${index}, taken every minute by hand`, schema: z.object(shape) }),
  ]);
  return defineApp({ name: 'many', version: '1', description: 'Many', streams: Object.fromEntries(streams) });
}

test('few streams are told with fields, units and keys', () => {
  const text = describeStreams(plant().app);
  expect(text).toContain('- plant (keyed): temp [°C], pump.state on|off, pump.rpm number');
  expect(text).toContain('- notes: text');
});

describe('with many streams the text stays within its bound', () => {
  test.each([
    [2, 30, 'field_29 [m]'],
    [8, 20, 'Measures of the place 7'],
    [9, 1, 'stream-number-8'],
    [500, 20, ' more'],
  ])('%i of %i fields still tell %s', (count, fieldsEach, told) => {
    const text = describeStreams(many(count, fieldsEach));
    expect(text.length).toBeLessThanOrEqual(FIELDS_CHARACTERS);
    expect(text).toContain(told);
  });

  test('and names say how many are left', () => {
    expect(streamNames(many(500, 1))).toMatch(/stream-number-\d+ and \d+ more$/);
  });
});

test('the example is a call that would work', async () => {
  const at = plant();
  expect(JSON.parse(exampleCall(at.app, 'windows'))).toEqual({
    stream: 'plant',
    from: '-1h',
    window: '5m',
    field: 'temp',
    aggregates: ['mean', 'p95'],
  });
  for (const [kind, tool] of [
    ['latest', 'read_latest'],
    ['windows', 'read_history'],
  ] as const) {
    await expect(at.call(tool, JSON.parse(exampleCall(at.app, kind)) as object)).resolves.toBeDefined();
  }
});

test('every tool is described for a model that never saw the app', () => {
  const at = plant();
  const listed = at.registry.tools.list(undefined).items;
  expect(listed.map(({ name }) => name)).toEqual(['list_streams', 'read_latest', 'read_history', 'tail_stream']);
  for (const { description, annotations, outputSchema, inputSchema } of listed) {
    expect(description.length).toBeGreaterThan(100);
    expect(annotations).toMatchObject({ readOnlyHint: true });
    expect(outputSchema).toMatchObject({ type: 'object' });
    const properties = Object.entries(inputSchema['properties'] as Record<string, { description?: string }>);
    // What `stream` is its name says.
    for (const [name, { description: told }] of properties) if (name !== 'stream') expect(told).toBeTruthy();
  }
});
