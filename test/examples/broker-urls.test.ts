/** The examples that take their broker's URL from the environment: it may hold a password, so it is a secret. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => vi.resetModules());
afterEach(() => vi.unstubAllEnvs());

test.each([
  ['plant', () => import('./plant/app.ts')],
  ['pumps', () => import('./pumps/app.ts')],
  ['mqtt', () => import('./mqtt/app.ts')],
  ['iot-edge', () => import('./iot-edge/app.ts')],
])('the URL of the broker is a secret of %s', async (_name, load) => {
  vi.stubEnv('MQTT_URL', 'mqtt://user:pass-0123456789@broker.example');
  const feed = [...(await load()).default.feeds.values()][0]?.feed;
  expect(feed?.secrets?.map(({ name }) => name)).toEqual(['MQTT_URL']);
  expect(feed?.source).not.toContain('pass-0123456789');
});
