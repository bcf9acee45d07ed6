/** An app with one stream and an HTTP feed over a real server, polled by the fetch of Node: what it stores, and how the feed stands. */
import type * as z from 'zod';
import { http, type HttpOptions, stream } from '../../src/index.ts';
import type { ErasedStreamOptions } from '../../src/declare/stream.ts';
import { readDeadLetters } from '../../src/feeds/records/dead-letters.ts';
import type { FeedReport } from '../../src/feeds/run/run-feed.ts';
import { feedKey } from '../../src/feeds/records/state.ts';
import { readState } from '../../src/feeds/records/state-record.ts';
import { type FeedStatus, feedStatus } from '../../src/feeds/records/status.ts';
import { nodeFetch } from '../../src/hosts/node/fetch.ts';
import { createGuardedFetch } from '../../src/net/guarded-fetch.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { type HttpSource, startHttpSource } from '../services/http-feed.ts';
import { type Stage, stageOf, TENANT } from '../feeds/run/stage.ts';

const fetch = createGuardedFetch({ ...systemRuntime(() => {}), fetch: nodeFetch });

export interface HttpStage extends AsyncDisposable {
  source: HttpSource;
  stage: Stage;
  /** One burst, at the time when the next one is due. */
  poll(): Promise<FeedReport>;
  status(): Promise<FeedStatus | undefined>;
  /** The data of all events, in their order. */
  data(): Promise<unknown[]>;
  ids(): Promise<string[]>;
  position(): Promise<unknown>;
  rejected(): Promise<{ item: unknown; field: string | null; reason: string; expected: string | null }[]>;
}

/** @param options those of the stream, with those of its feed */
export async function startHttpStage(
  schema: z.ZodType,
  { feed = {}, ...options }: Omit<Partial<ErasedStreamOptions>, 'feed'> & { feed?: Partial<HttpOptions> } = {},
): Promise<HttpStage> {
  const source = await startHttpSource();
  const readings = stream({
    description: 'readings',
    schema,
    ...(options as object),
    feed: http({ url: `${source.origin}/feed`, allow: [source.host], politeness: { perSecond: 1_000 }, ...feed }),
  });
  const stage = stageOf({ streams: { readings } });
  const scope = { ...stage.deps, tenant: TENANT };
  return {
    source,
    stage,
    async poll() {
      const report = await stage.run({ fetch });
      stage.clock.now = Math.max(stage.clock.now, report.nextAt);
      return report;
    },
    status: async () => (await feedStatus(scope))[0],
    data: async () => (await stage.events()).map(({ data }) => data),
    ids: async () => (await stage.events()).map(({ id }) => id),
    position: async () =>
      readState(await stage.store.get(feedKey(TENANT, 'readings'), stage.clock.now))?.position ?? null,
    rejected: async () => (await readDeadLetters(scope, 'readings', { limit: 100 })).deadLetters,
    [Symbol.asyncDispose]: () => source.close(),
  };
}
