/** `events/subscribe` and `events/unsubscribe`, and the tools that do the same for clients that do not know them. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { task } from '../../../src/index.ts';
import { ADA, BOB, createHouse, OPEN, READER } from './house.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('another one of thirty-two bytes.').toString('base64')}`;
const url = 'https://hooks.example.com/ada?of=1';
const webhook = (more: object = {}) => ({ mode: 'webhook', url, secret: SECRET, ...more });
const EVE = 'acme eve *';

const taking = (input: z.ZodType) =>
  task({ description: 'Cools a room', version: '1', input, run: async () => 'done' });

/** A receiver that the app trusts, so that nothing is sent while somebody subscribes. */
function house(more: Parameters<typeof createHouse>[1] = {}) {
  const at = createHouse({}, { webhooks: { trusted: ['https://hooks.example.com/'] }, ...more });
  const ask = async (method: string, params: object, who = ADA) =>
    at.call(`events/${method}`, { name: 'stream.rooms', delivery: webhook(), ...params }, who);
  async function subscribe(params: object = {}, who = ADA): Promise<Record<string, unknown>> {
    const { result, error } = await ask('subscribe', params, who);
    if (error) throw new Error(JSON.stringify(error));
    return result as Record<string, unknown>;
  }
  async function tool(name: string, args: object, who = ADA) {
    const { result } = await at.call('tools/call', { name, arguments: args }, who);
    return result as { content: { text: string }[]; structuredContent?: Record<string, unknown>; isError?: boolean };
  }
  return { ...at, ask, subscribe, tool };
}

describe('events/subscribe', () => {
  test('grants a time, a position and an id that is the same wherever and whenever it is asked for', async () => {
    const { subscribe, poll, clock } = house();
    const first = await subscribe();
    const { cursor } = await poll();
    expect(first).toMatchObject({
      resultType: 'complete',
      id: expect.stringMatching(/^sub_/) as string,
      refreshBefore: new Date(clock.now() + 3_600_000).toISOString(),
      cursor,
      truncated: false,
    });
    expect(first).not.toHaveProperty('deliveryStatus');
    await clock.advance(60_000);
    const again = await subscribe({ delivery: webhook({ secret: OTHER }), arguments: {} });
    expect(again).toMatchObject({
      id: first['id'],
      refreshBefore: new Date(clock.now() + 3_600_000).toISOString(),
      deliveryStatus: { active: true, lastDeliveryAt: null, lastError: null },
    });
    const others = await Promise.all([
      subscribe({}, EVE),
      subscribe({}, BOB),
      subscribe({ name: 'hot' }),
      subscribe({ arguments: { keys: ['attic'] } }),
      subscribe({ delivery: webhook({ url: `${url}2` }) }),
    ]);
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(6);
  });

  test('clamps times, and grants no end where the app does not allow it', async () => {
    const { subscribe, clock } = house();
    const grantOf = async (ttlMs: unknown) =>
      Date.parse((await subscribe({ ttlMs }))['refreshBefore'] as string) - clock.now();
    expect(await grantOf(1)).toBe(60_000);
    expect(await grantOf(120_000)).toBe(120_000);
    expect(await grantOf(1e15)).toBe(86_400_000);
    expect(await grantOf(null)).toBe(86_400_000);
    expect(await grantOf('soon')).toBe(3_600_000);
    // Without an end: `musts.test.ts`, for callers that can be asked about later.
  });

  test.each([
    [{ delivery: webhook({ url: 'http://hooks.example.com/' }) }, -32_602, 'params.delivery.url'],
    [{ delivery: webhook({ url: 'nowhere' }) }, -32_602, 'params.delivery.url'],
    [{ delivery: webhook({ secret: 'whsec_c2hvcnQ=' }) }, -32_602, 'params.delivery.secret'],
    [{ delivery: webhook({ secret: undefined }) }, -32_602, 'params.delivery.secret'],
    [{ delivery: 1 }, -32_602, 'params.delivery'],
    [{ arguments: { keys: [] } }, -32_602, 'params.arguments'],
    [{ cursor: 'x' }, -32_602, 'params.cursor'],
    [{ maxAgeMs: -1 }, -32_602, 'params.maxAgeMs'],
    [{ name: 'nothing' }, -32_011, 'params.name'],
  ])('refuses %j: %d, %s', async (params, code, field) => {
    const { error } = await house().ask('subscribe', params);
    expect(error).toMatchObject({ code, data: { field: expect.stringContaining(field) as string } });
  });

  test('knows one way of delivery, and says so', async () => {
    const { error } = await house().ask('subscribe', { delivery: webhook({ mode: 'push' }) });
    expect(error).toMatchObject({ code: -32_014, data: { feature: 'deliveryMode', value: 'push' } });
  });

  test('is refused where there are too many, with the limit', async () => {
    const { subscribe, ask } = house({ quotas: { subscriptions: 1 } });
    await subscribe();
    const { error } = await ask('subscribe', { name: 'hot' });
    expect(error).toMatchObject({ code: -32_013, data: { limit: expect.stringContaining('subscriptions') as string } });
    expect((await subscribe())['id']).toBeDefined();
  });
});

describe('events/unsubscribe', () => {
  test('ends the one that it names, of this caller alone', async () => {
    const { subscribe, ask, tool } = house();
    await subscribe();
    for (const who of [EVE, BOB]) {
      const { error } = await ask('unsubscribe', {}, who);
      expect(error).toMatchObject({ code: -32_011, data: { kind: 'subscription' } });
    }
    const { result } = await ask('unsubscribe', { delivery: { url } });
    expect(result).toMatchObject({ resultType: 'complete' });
    expect((await tool('list_subscriptions', {})).structuredContent).toMatchObject({ subscriptions: [] });
    expect((await ask('unsubscribe', {})).error).toMatchObject({ code: -32_011 });
  });
});

describe('the tools', () => {
  test('subscribe, list and end the same as the methods', async () => {
    const { subscribe, tool } = house();
    const { id } = await subscribe({ name: 'hot', arguments: { keys: ['attic'] } });
    const { structuredContent: made, content } = await tool('subscribe', { event: 'hot', keys: ['attic'], url });
    expect(made).toMatchObject({ subscription: id, event: 'hot', to: url, truncated: false });
    // It stood before, and its secret stays.
    expect(made).not.toHaveProperty('secret');
    expect(content[0]?.text).not.toContain('whsec_');
    const listed = await tool('list_subscriptions', {});
    expect(listed.structuredContent).toMatchObject({
      subscriptions: [{ subscription: id, event: 'hot', arguments: { keys: ['attic'] }, to: url, active: true }],
    });
    expect(JSON.stringify(listed)).not.toContain('whsec_');
    expect((await tool('list_subscriptions', { subscription: id })).content[0]?.text).toContain('Nothing was sent yet');
    expect((await tool('unsubscribe', { subscription: id })).content[0]?.text).toContain('has ended');
    expect((await tool('unsubscribe', { subscription: id })).isError).toBe(true);
    const anew = await tool('subscribe', { event: 'hot', keys: ['attic'], url });
    const secret = String(anew.structuredContent?.['secret']);
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
    expect(anew.content[0]?.text).toContain(secret);
  });

  test('a task that no event fits is refused, with what it needs; one that some fit is not', async () => {
    const tasks = {
      cool: taking(z.object({ room: z.string() })),
      note: taking(z.object({ data: z.object({ key: z.string() }) })),
    };
    const { tool } = house({ tasks });
    const { isError, content } = await tool('subscribe', { event: 'hot', task: 'cool' });
    expect([isError, content[0]?.text]).toEqual([
      true,
      expect.stringMatching(/cool cannot begin with events of hot: it needs room \(a text\).*Argument: task\./s),
    ]);
    expect((await tool('list_subscriptions', {})).structuredContent).toMatchObject({ subscriptions: [] });
    expect((await tool('subscribe', { event: 'hot', task: 'note' })).isError).toBeUndefined();
  });

  test('note a key that no event has, and repeat a filter as the schema has it', async () => {
    const { tool, put } = house();
    await put(20, 'attic');
    const note = 'No event has the key "atic", did you mean "attic"? Known keys: attic.';
    const unknown = await tool('subscribe', { event: 'hot', keys: ['atic'], url });
    expect([unknown.isError, unknown.content[0]?.text, unknown.structuredContent]).toEqual([
      undefined,
      expect.stringContaining(note),
      expect.objectContaining({ notes: [note] }),
    ]);
    const where = [{ field: 'celsius', above: 30 }];
    const known = await tool('subscribe', { event: 'stream.rooms', keys: ['attic'], where, url });
    expect(known.structuredContent).not.toHaveProperty('notes');
    const again = known.structuredContent?.['nextCalls'] as { arguments: Record<string, unknown> }[];
    expect(again[0]?.arguments['where']).toEqual(where);
  });

  test('send a made-up event, one after another where that is asked, and again what was given up', async () => {
    const { tool } = house();
    const args = { event: 'hot', url, ordered: true, test: true, replay: true };
    const { structuredContent, isError } = await tool('subscribe', args);
    expect([isError, structuredContent]).toEqual([
      undefined,
      // Nobody is reached from a test.
      expect.objectContaining({ tested: expect.stringMatching(/connection_refused|timeout/) as string, replayed: 0 }),
    ]);
    const again = structuredContent?.['nextCalls'] as { arguments: Record<string, unknown> }[];
    expect(again[0]?.arguments).toMatchObject({ event: 'hot', ordered: true, secret: structuredContent?.['secret'] });
    expect(again[0]?.arguments).not.toHaveProperty('test');
  });

  test('are for callers whom the server knows, and say in words what is wrong', async () => {
    const { call, tool } = house();
    const names = async (who: string) =>
      ((await call('tools/list', {}, who)).result as unknown as { tools: { name: string }[] }).tools.map(
        ({ name }) => name,
      );
    expect(await names(ADA)).toEqual(expect.arrayContaining(['subscribe', 'list_subscriptions', 'unsubscribe']));
    expect(await names('acme rita tasks')).not.toContain('subscribe');
    for (const [args, field] of [
      [{ event: 'hot' }, 'url'],
      [{ event: 'hot', url, task: 'x' }, 'url'],
      [{ event: 'warm', url }, 'event'],
      [{ event: 'hot', url: 'http://a.example/' }, 'url'],
      [{ event: 'hot', topic: 'a' }, 'feed'],
      [{ event: 'hot', task: 'nothing' }, 'task'],
    ] as const) {
      const { isError, content } = await tool('subscribe', args);
      expect([args, isError, content[0]?.text]).toEqual([args, true, expect.stringContaining(`Argument: ${field}.`)]);
    }
    expect((await tool('subscribe', { event: 'hot', url }, OPEN)).isError).toBe(true);
    // Whoever may not read it is told so before.
    expect(
      (await call('tools/call', { name: 'subscribe', arguments: { event: 'stream.secret', url } }, READER)).error,
    ).toMatchObject({ data: { code: 'insufficient_scope' } });
  });

  test('poll_changes tells that a trigger fired, and event:// what it told', async () => {
    const { call, tool } = house();
    const asked = await tool('poll_changes', { uris: ['event://hot'] });
    expect(asked.structuredContent).toMatchObject({ changes: [] });
    const { result } = await call('resources/read', { uri: 'event://hot' }, ADA);
    const { contents } = result as unknown as { contents: [{ text: string }] };
    expect(JSON.parse(contents[0].text)).toMatchObject({
      name: 'hot',
      occurrences: [],
    });
  });
});
