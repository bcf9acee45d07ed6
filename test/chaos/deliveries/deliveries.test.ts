/** The short form of `npm run chaos deliveries`. */
import { expect, test } from 'vitest';
import { byDepth } from '../../depth.ts';
import { requireService } from '../../services/available.ts';
import { ENGINES } from '../../services/engine.ts';
import { deliveryRun } from './run.ts';

const servers = requireService('redis') && requireService('dynamodb');

test.skipIf(!servers).each(ENGINES)(
  '%s: those who deliver are killed, and nothing is forgotten',
  { timeout: 180_000 },
  async (engine) => {
    const report = await deliveryRun({ engine, seed: 7, kills: byDepth(4, 10, 60) });
    expect(report.wrong).toEqual([]);
    expect(report.taken).toBeGreaterThanOrEqual(report.events * report.subscriptions);
  },
);
