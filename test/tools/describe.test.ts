import * as z from 'zod';
import { describe, expect, test } from 'vitest';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { describeStreams, exampleCall, STREAMS_CHARACTERS, streamNames } from '../../src/tools/describe.ts';
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

test('few streams are told with fields, types, units and keys', () => {
  const text = describeStreams(plant().app);
  expect(text).toContain('- plant: Temperatures and pressures of the boilers, every second. Keyed.');
  expect(text).toContain('temp number [°C] (Of the water); pump.state on|off; pump.rpm number or null');
  expect(text).toContain('- notes: Notes of the shift. No keys.');
});

describe('with many streams the text stays within its bound', () => {
  test.each([
    [20, 6, 'field_5 [m]'],
    [30, 20, 'Measures of the place 29'],
    [55, 20, 'stream-number-54'],
    [500, 20, 'list_streams'],
  ])('%i of %i fields still tell %s', (count, fieldsEach, told) => {
    const text = describeStreams(many(count, fieldsEach));
    expect(text.length).toBeLessThanOrEqual(STREAMS_CHARACTERS);
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
  });
  for (const [kind, tool] of [
    ['latest', 'read_latest'],
    ['windows', 'read_history'],
    ['tail', 'tail_stream'],
  ] as const) {
    await expect(at.call(tool, JSON.parse(exampleCall(at.app, kind)) as object)).resolves.toBeDefined();
  }
});

test('every tool is described for a model that never saw the app', () => {
  const at = plant();
  const listed = at.registry.tools.list(undefined, at.caller).items;
  expect(listed.map(({ name }) => name)).toEqual(['list_streams', 'read_latest', 'read_history', 'tail_stream']);
  for (const { description, annotations, outputSchema, inputSchema } of listed) {
    expect(description).toContain('plant');
    expect(description).toContain('Example: {');
    expect(annotations).toMatchObject({ readOnlyHint: true });
    expect(outputSchema).toMatchObject({ type: 'object' });
    const properties = Object.values(inputSchema['properties'] as Record<string, { description?: string }>);
    for (const property of properties) expect(property.description).toBeTruthy();
  }
});
