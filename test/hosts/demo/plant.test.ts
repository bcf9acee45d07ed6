import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../src/base/json.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { startDemoBroker } from '../../../src/hosts/demo/broker.ts';
import { advance, readings, type Unit } from '../../../src/hosts/demo/model.ts';
import { type DemoPlant, startDemoPlant } from '../../../src/hosts/demo/plant.ts';
import { mqtt } from '../../../src/feeds/mqtt/feed.ts';
import { burstContext, runBurst, target } from '../../feeds/mqtt/bursts.ts';

const TARGETS = [
  target('temperatures', 'plant/+/temperature', { keyLevel: 1 }),
  target('pressures', 'plant/+/pressure', { keyLevel: 1 }),
  target('pumps', 'plant/+/state', { keyLevel: 1 }),
];

const feedAt = (url: string) => mqtt({ url, clientId: 'c', idleMs: 150 });

describe('the simulated plant', () => {
  let plant: DemoPlant;
  beforeAll(async () => {
    plant = await startDemoPlant({ runtime: systemRuntime(() => {}), everyMs: 50 });
  });
  afterAll(() => plant.stop());

  test('fills its three streams, and says in every payload that it is simulated', async () => {
    const feed = mqtt({ url: plant.url, clientId: 'c', idleMs: 200 });
    const budget = { timeMs: 700, events: 10_000, bytes: 10_000_000 };
    const seen = new Set<string>();
    const told = new Map<string, number>();
    let position: Json | null = null;
    // Three bursts: the retained states come with the first, and not again with the later ones.
    for (let burst = 0; burst < 3; burst += 1) {
      const report = await runBurst(feed, burstContext(TARGETS, { position, budget }));
      position = report.position;
      for (const { stream, key, data, meta, invalid } of report.items) {
        if (meta?.['retained']) told.set(`${key}`, (told.get(`${key}`) ?? 0) + 1);
        seen.add(stream);
        expect(invalid).toBeUndefined();
        expect(key).toMatch(/^(boiler|cooler|pump)-\d$/);
        expect(data).toMatchObject({ simulated: true, time: expect.any(Number) });
      }
    }
    expect([...seen].sort()).toEqual(['pressures', 'pumps', 'temperatures']);
    expect([...told.values()].every((times) => times === 1)).toBe(true);
    expect(position).toMatchObject({ session: true, protocol: 4 });
  });
});

describe('the embedded broker', () => {
  test('keeps a session between bursts: 50 equal messages are 50 items, once', async () => {
    const broker = await startDemoBroker();
    try {
      const feed = mqtt({ url: broker.url, clientId: 'c', idleMs: 150 });
      const first = await runBurst(feed, burstContext(TARGETS));
      for (let n = 0; n < 50; n += 1) await broker.publish('plant/u1/temperature', '{"value":1}');
      const { items, position } = await runBurst(feed, burstContext(TARGETS, { position: first.position }));
      expect(items.length).toBe(50);
      expect(items.every(({ meta }) => meta?.gap === undefined)).toBe(true);
      expect((await runBurst(feed, burstContext(TARGETS, { position }))).items).toEqual([]);
    } finally {
      await broker.stop();
    }
  });

  test('its end is a gap for a feed that goes on with another', async () => {
    const before = await startDemoBroker();
    const { position } = await runBurst(feedAt(before.url), burstContext(TARGETS));
    await before.stop();
    const after = await startDemoBroker();
    try {
      const { items } = await runBurst(feedAt(after.url), burstContext(TARGETS, { position }));
      expect(items.map(({ meta }) => meta?.gap?.reason)).toEqual(['session_lost', 'session_lost', 'session_lost']);
    } finally {
      await after.stop();
    }
  });
});

/** Steps of one second with a fixed sequence of chances. */
function simulate(unit: Unit, steps: number): Unit[] {
  let seed = 7;
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
  const course: Unit[] = [];
  for (let step = 1; step <= steps; step += 1) course.push(advance(course.at(-1) ?? unit, step * 1_000, random));
  return course;
}

const range = (values: number[]) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];

describe('the model', () => {
  const START: Unit = {
    name: 'u1',
    pump: 'p1',
    nominal: 80,
    phase: 0,
    temperature: 80,
    pressure: 3.2,
    state: 'running',
    toldAt: 0,
    tellsState: false,
  };

  test('stays within what a plant may do, over a day', () => {
    const course = simulate(START, 86_400);
    const [coldest = 0, warmest = 0] = range(course.map(({ temperature }) => temperature));
    const [least = 0, most = 0] = range(course.map(({ pressure }) => pressure));
    expect([coldest > 70, warmest < 100, least >= 0, most < 4]).toEqual([true, true, true, true]);
    expect(new Set(course.map(({ state }) => state))).toEqual(new Set(['running', 'stopped', 'fault']));
  });

  test('a pump tells its state when it changes and every 15 s', () => {
    const course = simulate(START, 3_600);
    let told: Unit = { ...START, state: 'running' };
    for (const unit of course) {
      if (unit.tellsState) told = unit;
      expect(told.state).toBe(unit.state);
      expect(unit.toldAt - told.toldAt).toBeLessThanOrEqual(15_000);
    }
  });

  test('pressure and temperature follow the pump', () => {
    // No chance of a change, and no noise.
    let unit: Unit = { ...START, state: 'fault' };
    for (let step = 1; step <= 60; step += 1) unit = advance(unit, step * 1_000, () => 0.5);
    expect(unit.pressure).toBeCloseTo(0.4);
    expect(unit.temperature).toBeGreaterThan(85);
  });

  test('payloads name their unit and that they are simulated', () => {
    const told = { ...START, temperature: 80.04, pressure: 3.199, tellsState: true };
    expect(readings(told, 5)).toEqual([
      { topic: 'plant/u1/temperature', payload: { value: 80, unit: '°C', time: 5, simulated: true }, retain: false },
      { topic: 'plant/u1/pressure', payload: { value: 3.2, unit: 'bar', time: 5, simulated: true }, retain: false },
      { topic: 'plant/p1/state', payload: { state: 'running', time: 5, simulated: true }, retain: true },
    ]);
    expect(readings(START, 5).length).toBe(2);
  });
});
