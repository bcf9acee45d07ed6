/** The specification of a task, and its policy with the defaults that the specification has. */
import * as z from 'zod';
import type { Task } from '../task.ts';
import { annotations, icons } from './display.ts';
import { choice, count, forModel, label, made, text, whole, withDefaults, yesOrNo, zodSchema } from './options.ts';
import { scopes } from './scopes.ts';

const places = whole(1, 100).optional();

const backoff = z.strictObject(
  {
    firstMs: whole(1, undefined, { unit: 'ms' }).default(1_000),
    mostMs: whole(1, undefined, { unit: 'ms' }).default(60_000),
  },
  { error: '{ firstMs, mostMs }' },
);

const concurrency = z.strictObject({ all: places, perPrincipal: places }, { error: '{ all, perPrincipal }' });

export const policySpec = z.strictObject(
  {
    attempts: whole(1).default(5),
    backoff: backoff.optional(),
    stepMs: whole(1, undefined, { unit: 'ms' }).default(60_000),
    totalMs: count('ms'),
    ttlMs: whole(1, undefined, { unit: 'ms' }).default(86_400_000),
    concurrency: concurrency.optional(),
  },
  { error: '{ attempts, backoff, stepMs, totalMs, ttlMs, concurrency }, any of them' },
);

export const taskSpec = z.strictObject({
  kind: z.literal('task'),
  title: label,
  icons,
  description: forModel,
  scopes,
  version: text('a version such as 1'),
  input: zodSchema.optional(),
  output: zodSchema.optional(),
  annotations,
  policy: policySpec.optional(),
  otherwise: choice('handle', 'wait', 'refuse'),
  waitMs: whole(1, 55_000, { expected: 'a whole number of ms from 1 to 55000', unit: 'ms' }).default(20_000),
  pages: yesOrNo,
  idempotencyKey: made<NonNullable<Task['idempotencyKey']>>('a function of the input').nullable(),
  prepare: made<NonNullable<Task['prepare']>>('a function of the input and the context').nullable(),
  // Each is judged by this specification, as a declaration of its own.
  previous: z.array(z.custom<Task>(), { error: 'declarations of older versions' }).readonly().optional(),
  run: made<Task['run']>('a function of the input and the context'),
});

/** The policy with its defaults. */
export function policyOf({ policy = {} }: Pick<Task, 'policy'>) {
  const { attempts, stepMs, ttlMs, totalMs = ttlMs, concurrency } = withDefaults(policySpec, policy);
  const { firstMs, mostMs } = withDefaults(backoff, policy.backoff ?? {});
  const { all = null, perPrincipal = null } = concurrency ?? {};
  return { attempts, firstMs, mostMs, stepMs, totalMs, ttlMs, all, perPrincipal };
}

export type Policy = ReturnType<typeof policyOf>;
