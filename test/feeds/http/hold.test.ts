/** Server-sent events and long polls on a host that stays up, on the stage's clock, over answers that the test writes. */
import { beforeAll, describe, expect, test } from 'vitest';
import { http, type HttpOptions, sse, stream } from '../../../src/index.ts';
import type { Fetch } from '../../../src/base/runtime.ts';
import { startLoop } from '../../../src/hosts/node/loop.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { Reading, reading, settle, type Stage, stageOf, TENANT } from '../run/stage.ts';

// A burst loads them, which takes time that the stage's clock does not know of.
beforeAll(() =>
  Promise.all([import('../../../src/feeds/http/burst.ts'), import('../../../src/feeds/http/sse/burst.ts')]),
);

const event = (n: number) => `id: ${n}\ndata: ${JSON.stringify(reading(n))}\n\n`;
const named = (id: string, n: number) => `id: ${id}\ndata: ${JSON.stringify(reading(n))}\n\n`;
const events = (...numbers: number[]) => numbers.map(event).join('');
const unnamed = (n: number) => `data: ${JSON.stringify(reading(n))}\n\n`;

/** A source whose answers are streams that the test writes to. */
function eventSource(onOpen: (send: (text: string) => void, end: () => void) => void = () => {}) {
  const source = {
    requests: [] as { at: number; lastId: string | null }[],
    open: new Set<{ send: (text: string) => void; end: () => void }>(),
    send(text: string) {
      for (const { send } of source.open) send(text);
    },
    end() {
      for (const { end } of source.open) end();
    },
    fetchOn: (stage: () => Stage): Fetch => {
      return async (_input, init) => {
        const lastId = new Headers(init?.headers).get('last-event-id');
        source.requests.push({ at: stage().clock.now, lastId });
        let controller: ReadableStreamDefaultController<Uint8Array>;
        const answer = {
          send: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
          end: () => {
            if (source.open.delete(answer)) controller.close();
          },
        };
        const body = new ReadableStream<Uint8Array>({
          start(given) {
            controller = given;
          },
          cancel: () => void source.open.delete(answer),
        });
        source.open.add(answer);
        onOpen(answer.send, answer.end);
        return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
      };
    },
  };
  return source;
}

let hosts = 0;
/** At a host of its own, because the requests to a host are limited over all feeds of a process. */
const readings = (options: Partial<HttpOptions>, host = `h${(hosts += 1)}`) =>
  stream({
    description: 'readings',
    schema: Reading,
    key: 'sensor',
    time: 'at',
    feed: http({ url: `https://${host}.example/feed`, ...options }),
  });

/** Requests are named by digests, which other threads make. Those that were asked for before are ready by then. */
async function settleDigests(): Promise<void> {
  for (let times = 0; times < 6; times += 1) {
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
    await settle();
  }
}

async function held(
  streams: Record<string, ReturnType<typeof readings>>,
  fetchOn: (stage: () => Stage) => Fetch,
  work: (at: {
    stage: Stage;
    pass: (ms: number, stepMs?: number) => Promise<void>;
    /** A gap by its reason. */
    stored: () => Promise<(number | string)[]>;
  }) => Promise<void>,
): Promise<void> {
  const stage = stageOf({ streams });
  let asked = 0;
  const fetchAt = fetchOn(() => stage);
  const fetch: Fetch = (...request) => {
    asked += 1;
    return fetchAt(...request);
  };
  const loop = startLoop({ ...stage.deps, runtime: { ...stage.deps.runtime, fetch } });
  try {
    // How many digests a feed asks for before its first request is its own business.
    for (let tries = 0; asked < Object.keys(streams).length && tries < 500; tries += 1) await settleDigests();
    await settleDigests();
    await work({
      stage,
      pass: async (ms, stepMs = 100) => {
        for (let passed = 0; passed < ms; passed += stepMs) {
          await stage.clock.advance(stepMs);
          await settleDigests();
        }
      },
      stored: async () =>
        (await stage.events()).map(({ data, meta }) => meta?.gap?.reason ?? (data as { value: number }).value),
    });
  } finally {
    await stage.clock.drive(loop.stop());
  }
}

async function status({ deps }: Stage, feed = 'readings') {
  const [only] = await feedStatus(scopeOfLogs(deps, { tenant: TENANT }), [feed]);
  if (!only) throw new Error('no feed');
  return only;
}

/** A first connection that sends `first`, and a second one that sends `second`; answers what is stored then, gaps as details. */
async function after(first: string, second: string): Promise<(number | string)[]> {
  const source = eventSource((send) => send('retry: 300\n\n'));
  const found: (number | string)[] = [];
  await held(
    { readings: readings({ format: sse(), budget: { timeMs: 2_000 } }) },
    source.fetchOn,
    async ({ pass, stage }) => {
      source.send(first);
      await pass(400);
      source.end();
      await pass(800);
      source.send(second);
      await pass(600);
      for (const { data, meta } of await stage.events())
        found.push(meta?.gap?.detail ?? (data as { value: number }).value);
    },
  );
  return found;
}

describe('server-sent events', () => {
  const options = { format: sse(), budget: { timeMs: 2_000 } };

  test('come over one connection for as long as it stands, each readable within 200 ms', async () => {
    const source = eventSource();
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stored, stage }) => {
      for (let n = 1; n <= 60; n += 1) {
        source.send(event(n));
        await pass(200, 100);
        expect((await stored()).length).toBe(n);
      }
      expect(source.requests).toHaveLength(1);
      expect(await status(stage)).toMatchObject({ state: 'ok', counts: { events: 60 } });
    });
    expect(source.open.size).toBe(0);
  });

  test('go on behind the last id where the source ends a connection that brought some', async () => {
    const source = eventSource((send) => send('retry: 300\n\n'));
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage, stored }) => {
      source.send(event(1) + event(2));
      await pass(200);
      source.end();
      await pass(400);
      source.send(event(3));
      await pass(200);
      expect(source.requests.map(({ lastId }) => lastId)).toEqual([null, '2']);
      expect(await stored()).toEqual([1, 2, 3]);
      expect((await status(stage)).state).toBe('ok');
    });
  });

  test('keep the id where a connection that went on behind it ends before any event', async () => {
    const source = eventSource((send) => send('retry: 300\n\n'));
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass }) => {
      source.send(event(7));
      await pass(200);
      for (let times = 0; times < 3; times += 1) {
        source.end();
        await pass(4_000);
      }
      expect(source.requests.map(({ lastId }) => lastId)).toEqual([null, '7', '7', '7']);
    });
  });

  describe('of a source that passes over the id behind which it is asked to go on', () => {
    test.each([
      ['begins anew, what is known is passed over', events(1, 2, 3), events(1, 2, 3, 4, 5), [1, 2, 3, 4, 5]],
      ['sends the last one again, too', events(1, 2, 3), events(3, 4), [1, 2, 3, 4]],
      ['goes on behind the id, all is taken', events(1, 2, 3), events(4, 5), [1, 2, 3, 4, 5]],
      ['has gaps in its numbers, all is taken', events(1, 5, 9), events(14), [1, 5, 9, 14]],
      [
        'begins anew and gives ids to some, what is known of the others is passed over',
        unnamed(1) + events(2, 3) + unnamed(4) + unnamed(5),
        events(2, 3) + unnamed(4) + unnamed(5) + unnamed(5) + unnamed(6) + event(7) + unnamed(4),
        [1, 2, 3, 4, 5, 5, 6, 7, 4],
      ],
      [
        'goes on behind the id and gives ids to some, all is taken',
        events(1, 2) + unnamed(3),
        unnamed(3) + event(4),
        [1, 2, 3, 3, 4],
      ],
    ])('where it %s', async (_what, first, second, expected) => {
      expect(await after(first, second)).toEqual(expected);
    });

    test('where it begins anew a history that is longer than what is remembered', async () => {
      const long = Array.from({ length: 200 }, (_, n) => n + 1);
      expect(await after(events(...long), events(...long, 201))).toEqual([...long, 201]);
    });

    test('where its ids are no numbers, what is known is passed over', async () => {
      const all = [named('a-x', 1), named('c-y', 2), named('b-z', 3), named('d-w', 4)];
      expect(await after(all.slice(0, 3).join(''), all.join(''))).toEqual([1, 2, 3, 4]);
    });

    test('where it goes on at its present, a gap says how many are missing', async () => {
      const found = await after(events(1, 2, 3, 4, 5), events(9, 10));
      const told = expect.stringMatching(/behind id 5 and went on with 9: 3 events are missing/) as string;
      expect(found).toEqual([1, 2, 3, 4, 5, told, 9, 10]);
    });

    test('where its count begins anew with other events, a gap says so and nothing is lost', async () => {
      const again = [1, 2, 3].map((n) => named(String(n), n + 100)).join('');
      const told = expect.stringMatching(/behind id 3 and began again with 1/) as string;
      expect(await after(events(1, 2, 3), again)).toEqual([1, 2, 3, told, 101, 102, 103]);
      const greeted = named('1', 1) + [2, 3].map((n) => named(String(n), n + 100)).join('');
      expect(await after(events(1, 2, 3), greeted)).toEqual([1, 2, 3, expect.stringMatching(/began again/), 102, 103]);
    });

    test('where ids are used twice nothing is passed over', async () => {
      const ticks = named('BTC', 1) + named('ETH', 2) + named('BTC', 3);
      expect(await after(ticks, named('BTC', 1) + named('ETH', 5))).toEqual([1, 2, 3, 1, 5]);
    });
  });

  test('fail where the source answers 200 and ends at once, again and again', async () => {
    const source = eventSource((_send, end) => end());
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage }) => {
      await pass(120_000, 1_000);
      expect(source.requests.length).toBeLessThan(10);
      const { state, lastError, lagMs } = await status(stage);
      expect([state, lastError?.message, lagMs]).toEqual([
        'open',
        expect.stringMatching(/ended the connection after 0 ms, and no event came/),
        null,
      ]);
    });
  });

  test.each([
    ['data that is not JSON', 'data: invalid api key\n\n', /fits a stream, "invalid api key"/],
    ['data of another shape', 'data: {"error":"invalid api key"}\n\n', /fits a stream, "{"error":"invalid api key"}"/],
    ['an event that is not taken', 'event: error\ndata: no such key\n\n', /fits a stream, "no such key"/],
    ['what is no event', '<b>Service unavailable</b>\n\n', /fits a stream, "<b>Service unavailable<\/b>"/],
    ['what repeats a secret', 'data: key-0123456789 is wrong\n\n', /fits a stream, "\[secret\] is wrong"/],
    ['a pause', 'retry: 300\n\n', /no event came$/],
    ['an id', 'id: 5\n\n', /no event came$/],
  ])('fail where each connection ends behind %s', async (_what, text, told) => {
    const source = eventSource((send, end) => {
      send(text);
      end();
    });
    const taking = { ...options, format: sse({ events: ['message'] }), headers: { 'X-Key': 'key-0123456789' } };
    await held({ readings: readings(taking) }, source.fetchOn, async ({ pass, stage }) => {
      await pass(120_000, 1_000);
      expect(source.requests.length).toBeLessThan(10);
      const { state, failures, lastError } = await status(stage);
      expect([state, failures > 4, lastError?.message]).toEqual(['open', true, expect.stringMatching(told)]);
    });
  });

  test('fail where each connection brings what is stored already, and say so', async () => {
    const source = eventSource((send, end) => {
      send(events(1, 2) + unnamed(3));
      end();
    });
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stored, stage }) => {
      await pass(120_000, 1_000);
      expect(await stored()).toEqual([1, 2, 3]);
      const { state, lastError } = await status(stage);
      const told = /ended the connection after 0 ms, and brought only what is stored already, 3 events$/;
      expect([state, lastError?.message]).toEqual(['open', expect.stringMatching(told)]);
    });
  });

  test.each([3_000, 8_000, 12_000, 25_000])('fail where each connection ends after a while (%i ms)', async (ms) => {
    const source = eventSource((send) => send(': welcome\n\n'));
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage }) => {
      for (let n = 1; n <= 6; n += 1) {
        for (let waited = 0; source.open.size === 0 && waited < 100; waited += 1) await pass(5_000, 1_000);
        await pass(ms, 500);
        source.end();
        await pass(100);
        const { state, failures, lastError } = await status(stage);
        const told = expect.stringMatching(/ended the connection after \d+ ms, and no event came/) as string;
        expect([state, failures, lastError?.message]).toEqual([n < 5 ? 'backing-off' : 'open', n, told]);
      }
    });
  });

  test('do not where it stood for as long as idle ones may', async () => {
    const source = eventSource();
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage }) => {
      for (let n = 1; n <= 6; n += 1) {
        await pass(46_000, 1_000);
        source.end();
        await pass(2_000, 500);
        expect(await status(stage)).toMatchObject({ state: 'missing', failures: 0, lastError: null });
      }
      expect(source.requests).toHaveLength(7);
    });
  });

  test('fail where the source answers 204, which tells clients to stop', async () => {
    let requests = 0;
    const fetchOn = (): Fetch => async () => {
      requests += 1;
      return new Response(null, { status: 204 });
    };
    await held({ readings: readings(options) }, fetchOn, async ({ pass, stage }) => {
      await pass(120_000, 1_000);
      expect(requests).toBeLessThan(10);
      const lastError = { message: expect.stringContaining('answered 204') as string };
      expect(await status(stage)).toMatchObject({ state: 'open', lastError });
    });
  });

  test('that all miss their stream are told as such while the connection stands', async () => {
    const source = eventSource();
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage }) => {
      source.send('data: {"error":"invalid api key"}\n\n');
      await pass(2_000);
      expect((await status(stage)).state).toBe('rejecting');
      source.send(event(1));
      await pass(2_000);
      expect((await status(stage)).state).toBe('ok');
    });
  });

  test('are asked for anew after five minutes without a byte, which is no failure', async () => {
    const source = eventSource();
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stage, stored }) => {
      await pass(299_000, 1_000);
      expect(source.requests).toHaveLength(1);
      await pass(3_000, 1_000);
      expect(source.requests).toHaveLength(2);
      source.send(event(1));
      await pass(200);
      // No id had come by then with which to ask for what was sent meanwhile.
      expect([await stored(), (await status(stage)).state]).toEqual([['not_listening', 1], 'ok']);
    });
  });

  test('without ids tell by a gap that nobody listened between two connections', async () => {
    const source = eventSource();
    await held({ readings: readings(options) }, source.fetchOn, async ({ pass, stored }) => {
      source.send(unnamed(1));
      await pass(500);
      source.end();
      await pass(2_000);
      source.send(unnamed(2));
      await pass(500);
      expect(await stored()).toEqual([1, 'not_listening', 2]);
    });
  });

  test('of more feeds than a host takes requests at once are all listened to', async () => {
    const source = eventSource();
    const names = Array.from({ length: 6 }, (_, n) => `s${n}`);
    const streams = Object.fromEntries(names.map((name) => [name, readings(options, 'crowded')]));
    await held(streams, source.fetchOn, async ({ pass }) => {
      await pass(2_000);
      expect(source.open.size).toBe(6);
    });
  });
});

describe('a long poll', () => {
  const options = { wait: { ms: 30_000, param: 'wait' }, items: 'items', cursor: { from: 'next', param: 'after' } };

  test('goes on for as long as the process lives, without a pause behind an answer', async () => {
    const waiting: ((n: number) => void)[] = [];
    const asked: (string | null)[] = [];
    const fetchOn = (): Fetch => (input) => {
      asked.push(new URL(input instanceof Request ? input.url : input).searchParams.get('after'));
      return new Promise((resolve) => {
        waiting.push((n) => resolve(Response.json({ items: [reading(n)], next: String(n) })));
      });
    };
    await held(
      { readings: readings({ ...options, budget: { timeMs: 2_000 } }) },
      fetchOn,
      async ({ pass, stored, stage }) => {
        for (let n = 1; n <= 12; n += 1) {
          waiting.shift()?.(n);
          await pass(10_000, 1_000);
          expect(await stored()).toHaveLength(n);
        }
        expect(asked.slice(-2)).toEqual(['11', '12']);
        expect(asked).toHaveLength(13);
        expect((await status(stage)).state).toBe('ok');
        waiting.shift()?.(13);
        await settleDigests();
      },
    );
  });

  test('that is cut off again and again before an answer fails the feed', async () => {
    let requests = 0;
    const fetchOn = (stage: () => Stage): Fetch => {
      return async () => {
        requests += 1;
        await stage().clock.sleep(8_000);
        throw new TypeError('terminated');
      };
    };
    await held({ readings: readings(options) }, fetchOn, async ({ pass, stage }) => {
      await pass(120_000, 1_000);
      expect(requests).toBeLessThan(8);
      expect(await status(stage)).toMatchObject({ state: 'open', lagMs: null });
    });
  });

  test('that is refused fails the feed, and is tried again with backoff', async () => {
    let refused = false;
    let requests = 0;
    const fetchOn = (): Fetch => async () => {
      requests += 1;
      if (refused) return new Response(null, { status: 401 });
      return Response.json({ items: [], next: null });
    };
    await held({ readings: readings(options) }, fetchOn, async ({ pass, stage }) => {
      await pass(20_000, 1_000);
      // A source that does not wait is asked once a second.
      expect([requests <= 22, (await status(stage)).state]).toEqual([true, 'ok']);
      refused = true;
      requests = 0;
      await pass(120_000, 1_000);
      expect(requests).toBeLessThan(10);
      expect(await status(stage)).toMatchObject({
        state: 'open',
        lastError: { message: expect.stringContaining('401') as string },
      });
    });
  });
});
