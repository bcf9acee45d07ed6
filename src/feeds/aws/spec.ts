/** The specification of the options of feeds that event sources of AWS Lambda fill. */
import * as z from 'zod';
import { made } from '../../declare/spec/options.ts';
import type { SourceOptions } from './options.ts';

export const sourceSpec = z.strictObject({
  items: made<NonNullable<SourceOptions['items']>>('a function that answers a list').optional(),
});
