/** The specification of the scopes that a declared thing asks of its callers. */
import * as z from 'zod';
import { EVERY_SCOPE, isScope } from '../../base/scopes.ts';
import { bounded, judged } from './options.ts';

const MOST = 16;
const EXPECTED = 'a scope such as orders:write: 1 to 128 visible ASCII characters without quotes and \\, and not *';

const scope = judged<string>(EXPECTED, (value) => typeof value === 'string' && isScope(value) && value !== EVERY_SCOPE);

export const scopes = bounded(
  z
    .array(scope, { error: 'a list of scopes' })
    .max(MOST, { error: `at most ${MOST} scopes` })
    .readonly()
    .optional(),
  `at most ${MOST}`,
);
