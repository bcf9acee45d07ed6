/** Forty questions of live data: every call that answers one is taken and answers, in the flat form and in the nested one. */
import { describe, expect, test } from 'vitest';
import { PUBLIC } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { completed } from '../mcp/registry/completed.ts';
import { composed } from './listed.ts';
import { flat } from './questions/flat.ts';
import { answers } from './questions/judge.ts';
import type { Call } from './questions/question.ts';
import { type Theme, THEMES } from './questions/themes.ts';

const DEADLINE_MS = 20_000;

async function stage({ app, examples }: Theme) {
  const store = createMemoryStore();
  const runtime = systemRuntime(() => {});
  const streams = createAppStreams({ app, store, runtime }, PUBLIC, runtime.now() + DEADLINE_MS);
  for (const [name, data] of Object.entries(examples)) await streams.append(name, data);
  const registry = composed(app, store);
  const caller: Caller = {
    principal: PUBLIC,
    account: { store },
    signal: AbortSignal.abort(),
    deadline: runtime.now() + DEADLINE_MS,
    clientCapabilities: null,
    retry: null,
    meta: {},
    log: () => {},
    progress: () => {},
    emit: () => {},
  };
  return async ({ tool, arguments: args }: Call) => {
    const { content, isError, structuredContent } = completed(await registry.tools.call(tool, args, caller));
    const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
    return isError ? { refused: text } : { structured: structuredContent };
  };
}

describe.each(Object.entries(THEMES))('%s', (_name, theme) => {
  test('has ten questions', () => expect(theme.questions).toHaveLength(10));

  test.each(theme.questions)('$ask', async (question) => {
    const use = await stage(theme);
    for (const right of [question.call, ...(question.or ?? [])]) {
      expect(await use(right)).toEqual({ structured: expect.any(Object) });
      expect(await use(flat(right))).toEqual({ structured: expect.any(Object) });
      expect([answers(question, right), answers(question, flat(right))]).toEqual([true, true]);
    }
    const others = theme.questions.filter((other) => other !== question);
    expect(others.filter(({ call }) => answers(question, flat(call)))).toEqual([]);
  });
});

test('a call that asks for something else is none that answers', () => {
  const [question] = THEMES['market']?.questions ?? [];
  if (!question) throw new Error('no question');
  expect(answers(question, { tool: 'read_latest', arguments: { stream: 'quotes', key: 'BOLT' } })).toBe(false);
  expect(answers(question, { tool: 'read_latest', arguments: { stream: 'trades', key: 'ACME' } })).toBe(false);
  expect(answers(question, { tool: 'read_history', arguments: { stream: 'quotes', key: 'ACME' } })).toBe(false);
});
