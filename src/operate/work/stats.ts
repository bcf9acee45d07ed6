/** `stats`: what is kept, what feeds bring, and about what the engine costs for it. */
import * as z from 'zod';
import { utf8Bytes } from '../../base/json.ts';
import { feedStatus } from '../../feeds/records/status.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { ofStream, scopeOf } from '../../streams/scope.ts';
import { operatorAction } from '../action.ts';
import { storedCount } from '../stored-count.ts';
import { table } from '../table.ts';
import { monthlyCost, PRICES } from './prices.ts';

/** Entries whose size stands for that of all. */
const SAMPLED = 100;
const DAY_MS = 86_400_000;
/** What a schedule asks of the store once a minute, for each stream. */
const SWEEP_READS = 2;
/** What a burst asks: a read of its record, a commit that takes the lease, and one that gives it back. */
const BURST_READS = 1;
const BURST_COMMITS = 2;
const COMMIT_EVENTS = 100;

const Calls = z.object({ reads: z.number(), commits: z.number() });

export const stats = operatorAction({
  noun: 'stats',
  verb: '',
  description:
    'How many events are kept and about how many bytes they take, what each feed brings a day, about how many store calls that is, and what the engine costs for it. Calls of agents are not in it.',
  input: z.strictObject({}),
  output: z.object({
    engine: z.string(),
    streams: z.array(
      z.object({ stream: z.string(), events: z.number(), bytes: z.number().describe('About, from its newest events') }),
    ),
    feeds: z.array(
      z.object({
        feed: z.string(),
        bursts: z.number().describe('Since it was first run, as all counts'),
        events: z.number(),
        bytes: z.number(),
        deadLetters: z.number(),
        eventsPerBurst: z.number(),
        burstsPerDay: z.number(),
      }),
    ),
    total: z.object({ events: z.number(), bytes: z.number() }),
    callsPerDay: Calls.describe('Of feeds and sweeps, about'),
    cost: z
      .object({
        usdPerMonth: z.number(),
        prices: z.string(),
        source: z.string(),
        asOf: z.string().describe('When these prices were read'),
      })
      .nullable()
      .describe('Null: the engine has no price of its own'),
  }),
  effect: 'reads',
  async run(_input, { deps, tenant }) {
    const scope = scopeOf(deps, { tenant });
    const { store } = deps;
    const streams = await Promise.all(
      [...deps.app.streams.values()].map(async (stream) => {
        const own = ofStream(scope, stream);
        const [{ events, entries }, newest] = await Promise.all([
          storedCount(own, stream.name),
          store.last(streamLog(own.tenant, stream.name), SAMPLED),
        ]);
        const sampled = newest.entries.reduce((sum, { value }) => sum + utf8Bytes(JSON.stringify(value)), 0);
        const each = newest.entries.length === 0 ? 0 : sampled / newest.entries.length;
        return { stream: stream.name, events, bytes: Math.round(each * entries) };
      }),
    );
    const feeds = (await feedStatus(scope)).map(({ feed, bursts, counts }) => ({
      feed,
      bursts,
      events: counts.events,
      bytes: counts.bytes,
      deadLetters: counts.deadLetters,
      eventsPerBurst: bursts === 0 ? 0 : Math.round((counts.events / bursts) * 10) / 10,
      burstsPerDay: Math.round(DAY_MS / (deps.app.feeds.get(feed)?.everyMs ?? DAY_MS)),
    }));
    const total = {
      events: streams.reduce((sum, { events }) => sum + events, 0),
      bytes: streams.reduce((sum, { bytes }) => sum + bytes, 0),
    };
    const callsPerDay = { reads: (DAY_MS / 60_000) * SWEEP_READS * streams.length, commits: 0 };
    let bytesPerDay = 0;
    for (const { burstsPerDay, eventsPerBurst, events, bytes } of feeds) {
      callsPerDay.reads += burstsPerDay * BURST_READS;
      callsPerDay.commits += Math.round(burstsPerDay * (BURST_COMMITS + eventsPerBurst / COMMIT_EVENTS));
      bytesPerDay += events === 0 ? 0 : burstsPerDay * eventsPerBurst * (bytes / events);
    }
    const cost = monthlyCost(store.name, { ...callsPerDay, bytesPerDay, storedBytes: total.bytes });
    const price = PRICES[store.name];
    return {
      engine: store.name,
      streams,
      feeds,
      total,
      callsPerDay,
      cost:
        cost === null || price === undefined
          ? null
          : { usdPerMonth: cost, prices: price.text, source: price.source, asOf: price.asOf },
    };
  },
  lines({ engine, streams, feeds, total, callsPerDay, cost }, _now, width) {
    const streamRows = streams.map(({ stream, events, bytes }) => [stream, String(events), sizeText(bytes)]);
    const feedRows = feeds.map(({ feed, bursts, events, bytes, deadLetters, burstsPerDay, eventsPerBurst }) => [
      feed,
      String(bursts),
      String(events),
      sizeText(bytes),
      String(deadLetters),
      `${burstsPerDay} × ${eventsPerBurst}`,
    ]);
    return [
      ...table(
        [['STREAM', 'EVENTS', 'ABOUT'], ...streamRows, ['total', String(total.events), sizeText(total.bytes)]],
        width,
      ),
      '',
      ...(feeds.length === 0
        ? []
        : [...table([['FEED', 'BURSTS', 'EVENTS', 'CAME', 'DEAD', 'A DAY'], ...feedRows], width), '']),
      `${engine}: about ${callsPerDay.reads} reads and ${callsPerDay.commits} commits a day, of feeds and sweeps; calls of agents beside them`,
      ...(cost === null
        ? []
        : [`About ${cost.usdPerMonth} USD a month, at ${cost.prices}`, `  (${cost.source}, as of ${cost.asOf})`]),
    ];
  },
});

function sizeText(bytes: number): string {
  if (bytes < 10_000) return `${bytes} B`;
  return bytes < 10_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
