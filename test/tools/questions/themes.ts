/** The four apps whose data are asked about. */
import type { App } from '../../../src/declare/app.ts';
import * as house from './house.ts';
import * as log from './log.ts';
import * as market from './market.ts';
import * as plant from './plant.ts';
import type { Question } from './question.ts';

export interface Theme {
  app: App;
  /** Data of an event, by stream. */
  examples: Readonly<Record<string, object>>;
  questions: readonly Question[];
}

export const THEMES: Readonly<Record<string, Theme>> = { plant, house, market, log };
