/**
 * What every driver must do, as tests: each rule of the store has one that fails where a driver breaks it. A driver's
 * own test is a call of this, plus what only it can do wrong. Runs wherever vitest does: no `node:` import here or below.
 */
import { describe } from 'vitest';
import { commitRules } from './commits.ts';
import { eraseRules } from './erase.ts';
import { historyRules } from './histories.ts';
import { createKit, type StoreUnderTest } from './kit.ts';
import { limitRules } from './limits.ts';
import { logRules } from './logs.ts';
import { modelRules } from './model.ts';
import { queueRules } from './queues.ts';
import { raceRules } from './races.ts';
import { recordRules } from './records.ts';
import { transferRules } from './transfers.ts';
import { reopeningRules } from './reopening.ts';
import { trimRules } from './trim.ts';

export type { StoreUnderTest } from './kit.ts';

export interface ContractOptions {
  /** A store that nobody else uses, empty; called once a test. */
  open: () => Promise<StoreUnderTest>;
  /** Default: all. Fewer only where the same driver runs through all of them on another platform. */
  parts?: readonly ContractPart[];
}

const PARTS = {
  records: recordRules,
  'due queues': queueRules,
  commits: commitRules,
  limits: limitRules,
  logs: logRules,
  'histories that went back': historyRules,
  trimming: trimRules,
  erasing: eraseRules,
  races: raceRules,
  transfers: transferRules,
  'closed and opened again': reopeningRules,
  'against the specification': modelRules,
};

export type ContractPart = keyof typeof PARTS;

export function storeContract(name: string, { open, parts }: ContractOptions): void {
  describe(`store contract: ${name}`, () => {
    const start = createKit(open);
    for (const [part, rules] of Object.entries(PARTS)) {
      if (parts?.includes(part as ContractPart) ?? true) describe(part, () => rules(start));
    }
  });
}
