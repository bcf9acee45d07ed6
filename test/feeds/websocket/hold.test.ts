/** WebSocket feeds on a host that stays up, on the stage's clock: the connection is held, and what breaks it is told. */
import { beforeAll, describe, expect, test } from 'vitest';
import { type Loop, startLoop } from '../../../src/hosts/node/loop.ts';
import { feedStatus } from '../../../src/feeds/records/status.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { readLatest } from '../../../src/streams/log/read-latest.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';
import { type OnCommit, settle, TENANT } from '../run/stage.ts';
import { burst, catchUp, type Scene, scene, upTo } from './scene.ts';

// A burst loads it, which takes time that the stage's clock does not know of.
beforeAll(() => import('../../../src/feeds/websocket/run-burst.ts'));

async function holding(here: Scene, work: (loop: Loop) => Promise<void>, onCommit?: OnCommit): Promise<void> {
  const { deps } = here.stage.worker(onCommit);
  const { fetch, openWebSocket } = here.source;
  const loop = startLoop({ ...deps, runtime: { ...deps.runtime, fetch, openWebSocket } });
  try {
    await settle();
    await work(loop);
  } finally {
    await here.stage.clock.drive(loop.stop());
  }
}

async function status({ stage }: Scene) {
  const [only] = await feedStatus(scopeOfLogs(stage.deps, { tenant: TENANT }));
  if (!only) throw new Error('no feed');
  return only;
}

const each = async (here: Scene, times: number, ms: number, act: (n: number) => void) => {
  for (let n = 0; n < times; n += 1) {
    act(n);
    await here.stage.clock.advance(ms);
  }
};

describe('a connection that is held', () => {
  test('loses nothing of a ticker far beyond the time of a burst, and commits at a bounded pace', async () => {
    const random = seededRandom(7);
    const here = scene({ budget: { timeMs: 2_000 } });
    let commits = 0;
    await holding(
      here,
      async () => {
        for (let n = 0; n < 150; n += 1) {
          here.source.emit();
          await here.stage.clock.advance(20 + Math.floor(random() * 160));
        }
        await here.stage.clock.advance(200);
        expect(await here.stored()).toEqual(upTo(150));
        expect([here.source.opened, (await status(here)).state]).toEqual([1, 'ok']);
      },
      (_, __, next) => {
        commits += 1;
        return next();
      },
    );
    // Some 15 s: at most 10 a second with events and as many for the latest ones, and two for the lease.
    expect(commits).toBeLessThan(15 * 20);
    expect(here.source.isOpen()).toBe(false);
  });

  test('makes each message readable within 200 ms, the latest of its key too', async () => {
    const here = scene({});
    await holding(here, async () => {
      for (let n = 0; n < 20; n += 1) {
        here.source.emit();
        await here.stage.clock.advance(100);
        await here.stage.clock.advance(100);
        expect(await here.stored()).toEqual(upTo(n + 1));
        const latest = await readLatest(scopeOfLogs(here.stage.deps, { tenant: TENANT }), 'readings', 'a');
        expect(latest?.id).toBe(`r${n}`);
      }
    });
  });

  test('makes one commit of what comes meanwhile, and holds the peer back at a bound', async () => {
    const here = scene({ maxMessageBytes: 1_000 });
    const held: boolean[] = [];
    here.source.hold = (holds) => held.push(holds);
    let slow: PromiseWithResolvers<void> | null = null;
    let commits = 0;
    await holding(
      here,
      async () => {
        slow = Promise.withResolvers();
        here.source.emit();
        await here.stage.clock.advance(200);
        for (let n = 0; n < 8_000; n += 1) here.source.emit();
        expect(held).toEqual([true]);
        commits = 0;
        slow.resolve();
        slow = null;
        await here.stage.clock.advance(1_000);
        await here.stage.clock.advance(1_000);
        expect(held).toEqual([true, false]);
        expect(await here.stored()).toEqual(upTo(8_001));
        expect(commits).toBeLessThan(60);
      },
      async (_, __, next) => {
        commits += 1;
        await slow?.promise;
        return next();
      },
    );
  });

  test('that breaks after it brought something is made again at once, and the gap says how long', async () => {
    const here = scene({});
    await holding(here, async () => {
      here.source.emit();
      await here.stage.clock.advance(1_000);
      here.source.drop(1001);
      await settle();
      await here.stage.clock.advance(250);
      here.source.emit();
      await here.stage.clock.advance(200);
      expect(await here.stored()).toEqual([0, 'not_listening', 1]);
      expect(await status(here)).toMatchObject({ state: 'ok', failures: 0, lastError: null });
    });
  });

  test('has no gap where a history fills it, also where the history answers later', async () => {
    const here = scene({ catchUp, budget: { timeMs: 2_000 } });
    await holding(here, async () => {
      here.source.emit();
      await here.stage.clock.advance(1_000);
      here.source.drop();
      await settle();
      here.source.emit();
      here.source.historyStatus = 503;
      await here.stage.clock.advance(300);
      here.source.emit();
      await each(here, 10, 100, () => {});
      expect(await here.stored()).toEqual([0, 2]);
      await each(here, 12, 100, () => {});
      expect(await status(here)).toMatchObject({ state: 'backing-off', lastError: { message: /503/ } });
      here.source.historyStatus = 200;
      await each(here, 40, 1_000, () => {});
      expect(new Set(await here.stored())).toEqual(new Set([0, 1, 2]));
      expect((await status(here)).state).toBe('ok');
    });
  });
});

/** A server that closes each connection as soon as it is open. */
function refusing(code: number, reason: string): Scene {
  const here = scene({ headers: { Authorization: 'Bearer key-0123456789' } });
  here.source.onOpen = () => here.source.drop(code, reason);
  return here;
}

describe('a server that accepts and closes at once', () => {
  test('fails the feed with its reason: backoff and breaker, one gap, and a lag that grows', async () => {
    const here = scene({});
    await holding(here, async () => {
      here.source.emit();
      await here.stage.clock.advance(1_000);
      here.source.onOpen = () => here.source.drop(4001, 'invalid api key');
      here.source.drop(4001, 'invalid api key');
      await each(here, 120, 1_000, () => {});
      const told = await status(here);
      expect(told).toMatchObject({ state: 'open', lastError: { message: /closed .* with 4001: .*invalid api key/ } });
      expect(told.lagMs).toBe(121_000);
      expect(here.source.opened).toBeLessThan(10);
      expect(await here.stored()).toEqual([0, 'not_listening']);
      here.source.onOpen = null;
      await each(here, 200, 1_000, () => {});
      here.source.emit();
      await each(here, 5, 200, () => {});
      // What was kept back is told once, before the event.
      expect(await here.stored()).toEqual([0, 'not_listening', 'not_listening', 1]);
      expect((await here.stage.events())[2]?.meta?.gap?.detail).toMatch(
        /; the last of such gaps since 2026-11-20T12:00:03/,
      );
      expect(await status(here)).toMatchObject({ state: 'ok', lastError: null, lagMs: 1_000 });
    });
  });

  test.each([1000, 1001, 1005, 1006, 1008, 1011, 4001])('whatever its code (%i)', async (code) => {
    const here = refusing(code, '');
    await holding(here, async () => {
      await each(here, 120, 1_000, () => {});
      expect(here.source.opened).toBeLessThan(10);
      expect(await status(here)).toMatchObject({ lagMs: null, lastError: { message: new RegExp(` ${code}:`) } });
      expect((await status(here)).failures).toBeGreaterThan(1);
    });
  });

  test('shows no secret of ours where the server repeats it', async () => {
    const here = refusing(4003, 'key-0123456789 is not known');
    await holding(here, async () => {
      const { lastError } = await status(here);
      expect(lastError?.message).toContain('"[secret] is not known"');
    });
  });
});

test('a server that sends one message and closes is dialled less and less, and the state tells it', async () => {
  const here = scene({});
  const sayAndLeave = async () => {
    await here.stage.clock.sleep(50);
    here.source.emit();
    here.source.drop(1000, 'bye');
  };
  here.source.onOpen = () => void sayAndLeave();
  await holding(here, async () => {
    await each(here, 600, 500, () => {});
    const before = here.source.opened;
    expect(before).toBeLessThan(60);
    expect(await status(here)).toMatchObject({ state: 'open', lastError: { message: /1000.*bye/ } });
    await each(here, 600, 500, () => {});
    expect(here.source.opened - before).toBeLessThan(30);
    here.source.onOpen = null;
    await each(here, 700, 500, (n) => n % 4 === 0 && here.source.emit());
    expect(await status(here)).toMatchObject({ state: 'ok', failures: 0, lastError: null });
  });
});

/** A server that accepts, sends nothing, and closes each connection after a while. */
async function closingAfter(here: Scene, ms: number, times: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    const { opened } = here.source;
    for (let waited = 0; here.source.opened === opened && !here.source.isOpen() && waited < 400; waited += 1)
      await here.stage.clock.advance(1_000);
    await each(here, Math.floor(ms / 500), 500, () => {});
    if (here.source.isOpen()) here.source.drop(1001, 'idle');
    await settle();
  }
}

describe('a server that accepts, sends nothing and closes after a while', () => {
  test.each([3_000, 8_000, 12_000, 25_000])('has failed each time, with its reason (%i ms)', async (ms) => {
    const here = scene({});
    await holding(here, async () => {
      await closingAfter(here, ms, 1);
      expect(await status(here)).toMatchObject({ state: 'backing-off', failures: 1, lastError: { message: /1001/ } });
      await closingAfter(here, ms, 4);
      expect(await status(here)).toMatchObject({ state: 'open', failures: 5, lagMs: null });
      // The probe behind the breaker's pause stands as long as the others did, and shows nothing new.
      await closingAfter(here, ms, 1);
      expect(await status(here)).toMatchObject({ state: 'open', failures: 6, lastError: { message: /idle/ } });
    });
  });

  test('has not failed where they stood for as long as idle ones may', async () => {
    const here = scene({});
    await holding(here, async () => {
      for (let n = 0; n < 12; n += 1) {
        await closingAfter(here, 45_000, 1);
        // Between two connections something may have been missed, which a gap tells.
        expect(await status(here)).toMatchObject({ state: n === 0 ? 'ok' : 'missing', failures: 0, lastError: null });
      }
    });
  });
});

/** Closes connections that have stood so long. */
function mortal(ms: number, timeMs = 20_000): Scene {
  const here = scene({ budget: { timeMs }, everyMs: 60_000 });
  here.source.onOpen = () => {
    const { opened } = here.source;
    void here.stage.clock.sleep(ms).then(() => here.source.opened === opened && here.source.drop(1001, 'idle'));
  };
  return here;
}

describe('a burst in which nothing comes', () => {
  test('has failed where connections die after some seconds, also where one stands at its end', async () => {
    const here = mortal(8_000);
    const report = await burst(here, () => {});
    expect(report).toMatchObject({ outcome: 'failed', error: { message: /1001/ } });
    expect(here.source.opened).toBe(3);
    expect(await status(here)).toMatchObject({ state: 'backing-off', lastError: { message: /idle/ } });
  });

  test('has not where the connection stands for most of it, or outlives the one that died', async () => {
    expect(await burst(mortal(12_000), () => {})).toMatchObject({ outcome: 'pulled', error: null });
    const here = scene({ budget: { timeMs: 20_000 } });
    const act = async () => {
      await here.stage.clock.advance(2_000);
      here.source.drop(1001);
    };
    expect(await burst(here, act)).toMatchObject({ outcome: 'pulled', error: null });
  });
});
