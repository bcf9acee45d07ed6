/**
 * What every driver must do, as tests: each rule of the store has one that fails where a driver breaks it. A driver's
 * own test is a call of this, plus what only it can do wrong. Runs wherever vitest does: no `node:` import here or below.
 */
import { describe } from 'vitest';
import { commitRules } from './contract/commits.ts';
import { createKit, type StoreUnderTest } from './contract/kit.ts';
import { limitRules } from './contract/limits.ts';
import { logRules } from './contract/logs.ts';
import { modelRules } from './contract/model.ts';
import { queueRules } from './contract/queues.ts';
import { raceRules } from './contract/races.ts';
import { recordRules } from './contract/records.ts';
import { trimRules } from './contract/trim.ts';

export type { StoreUnderTest } from './contract/kit.ts';

export interface ContractOptions {
  /** A store that nobody else uses, empty; called once a test. */
  open: () => Promise<StoreUnderTest>;
}

export function storeContract(name: string, { open }: ContractOptions): void {
  describe(`store contract: ${name}`, () => {
    const start = createKit(open);
    describe('records', () => recordRules(start));
    describe('due queues', () => queueRules(start));
    describe('commits', () => commitRules(start));
    describe('limits', () => limitRules(start));
    describe('logs', () => logRules(start));
    describe('trimming', () => trimRules(start));
    describe('races', () => raceRules(start));
    describe('against the specification', () => modelRules(start));
  });
}
