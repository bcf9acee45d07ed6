import { describe, expect, test } from 'vitest';
import { from } from '../../../src/feeds/from.ts';
import { pull } from '../../../src/feeds/kit/pull.ts';
import { anonymous, identified, reading, readings, stageOf } from '../run/stage.ts';

describe('the function feed', () => {
  test('answers items and a position, which it is given the next time', async () => {
    const positions: unknown[] = [];
    const feed = pull({
      everyMs: 5_000,
      pull: async ({ position }) => {
        positions.push(position);
        const at = (position as number | null) ?? 0;
        return { items: readings(at, at + 2), position: at + 2 };
      },
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect(await stage.run()).toMatchObject({ outcome: 'pulled', events: 2, commits: 3 });
    await stage.clock.advance(5_000);
    await stage.run();
    expect(positions).toEqual([null, 2]);
    expect(await stage.events()).toHaveLength(4);
  });

  test('iterates: what was yielded is durable when it goes on', async () => {
    const seen: number[] = [];
    const feed = pull({
      pull: async function* () {
        for (let from = 0; from < 6; from += 2) {
          seen.push((await stage.events()).length);
          yield { items: readings(from, from + 2), position: from };
        }
      },
    });
    const stage = stageOf({ streams: { readings: anonymous(feed) } });
    expect(await stage.run()).toMatchObject({ events: 6 });
    expect(seen).toEqual([0, 2, 4]);
  });

  test('fills several streams, with what it knows of each item', async () => {
    const events = [
      { stream: 'a', data: reading(1), key: 'mine', meta: { source: 'x' } },
      { stream: 'b', data: null, meta: { gap: { reason: 'away' } } },
    ];
    const feeds = { both: pull({ pull: async () => ({ events }) }) };
    const stage = stageOf({
      feeds,
      streams: {
        a: { ...identified(), options: { ...identified().options, feed: from('both') } },
        b: { ...identified(), options: { ...identified().options, feed: from('both') } },
      },
    });
    expect(await stage.run()).toMatchObject({ events: 1 });
    expect(await stage.events('a')).toMatchObject([{ key: 'mine', meta: { source: 'x' } }]);
    expect(await stage.events('b')).toMatchObject([{ data: null }]);
  });

  test('that answers nothing brings nothing; items that are no list are a failure that says so', async () => {
    const nothing = pull({ pull: async () => ({}) });
    expect(await stageOf({ streams: { readings: anonymous(nothing) } }).run()).toMatchObject({ outcome: 'pulled' });
    const wrong = pull({ pull: async () => ({ items: 'abc' as unknown as unknown[] }) });
    const report = await stageOf({ streams: { readings: anonymous(wrong) } }).run();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'upstream', field: 'items' } });
  });

  test.each([
    ['nothing at all, as without a return', undefined, 'nothing'],
    ['a bare list', [{ n: 1 }], 'an array of 1'],
    ['a number', 5, 'a number'],
    ['a misspelt member', { itmes: [{ n: 1 }] }, 'itmes (did you mean items?)'],
    ['a misspelt position', { items: [], positon: 7 }, 'positon (did you mean position?)'],
  ])('that answers %s has failed, and is told what it answered', async (_what, answer, said) => {
    const wrong = pull({ pull: async () => answer as object });
    const report = await stageOf({ streams: { readings: anonymous(wrong) } }).run();
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'upstream', field: 'pull' } });
    expect(report.error?.message).toContain(said);
  });

  test('that throws, or does not say for which stream, fails as a feed does', async () => {
    const thrown = stageOf({
      streams: { readings: anonymous(pull({ pull: () => Promise.reject(new Error('no disk')) })) },
    });
    expect(await thrown.run()).toMatchObject({ outcome: 'failed', error: { code: 'internal', message: 'no disk' } });

    const feeds = { both: pull({ pull: async () => ({ items: [reading(1)] }) }) };
    const route = { ...identified().options, feed: from('both') };
    const streams = { a: { ...identified(), options: route }, b: { ...identified(), options: route } };
    expect(await stageOf({ feeds, streams }).run()).toMatchObject({ error: { code: 'upstream', field: 'stream' } });
  });
});
