/** The checks in their order. Those of feeds are known once the app is loaded, so this is a generator. */
import type { CommandCall } from '../kit/command.ts';
import { appCheck } from './app-check.ts';
import { authCheck } from './auth-check.ts';
import { clockCheck } from './clock-check.ts';
import { configurationCheck } from './configuration-check.ts';
import { engineCheck } from './engine-check.ts';
import { feedCheck } from './feed-check.ts';
import type { DoctorCheck, Examined } from './finding.ts';
import { latencyCheck } from './latency-check.ts';
import { platformCheck } from './platform-check.ts';
import { recordsCheck } from './records-check.ts';
import { secretsCheck } from './secrets-check.ts';
import { storeCheck } from './store-check.ts';
import { versionsCheck } from './versions-check.ts';

export const SKIPPABLE = ['store', 'feeds', 'auth'] as const;
export type SkippedPart = (typeof SKIPPABLE)[number];

export function* checksOf(
  examined: Examined,
  loadApp: CommandCall['loadApp'],
  skipped: readonly SkippedPart[],
): Generator<DoctorCheck> {
  const isAsked = (part: SkippedPart) => !skipped.includes(part);
  yield versionsCheck;
  yield configurationCheck;
  yield appCheck(loadApp);
  yield secretsCheck;
  yield platformCheck;
  if (isAsked('store')) yield* [storeCheck, latencyCheck, engineCheck, recordsCheck];
  if (isAsked('auth')) yield authCheck;
  if (isAsked('feeds')) {
    // A feed to which the app only publishes has nothing to pull.
    const feeds = [...(examined.app?.feeds.values() ?? [])].filter(({ targets }) => targets.length > 0);
    yield* feeds.map(feedCheck);
  }
  // Behind those that read clocks of others.
  yield clockCheck;
}
