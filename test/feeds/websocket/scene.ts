/** A feed over a scripted WebSocket source on a stage: bursts that a test fills, and what is stored in the end. */
import type { Stream } from '../../../src/declare/stream.ts';
import type { Runtime } from '../../../src/base/runtime.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { websocket, type WebSocketOptions } from '../../../src/feeds/websocket/feed.ts';
import { identified, type OnCommit, settle, type Stage, stageOf } from '../run/stage.ts';
import { type ScriptedSource, scriptedSource } from './script.ts';

export const catchUp = {
  url: 'https://quotes.example/history?since={since}&until={until}',
  timeFormat: 'ms',
  items: 'values',
} as const;

export interface Scene {
  stage: Stage;
  source: ScriptedSource;
  /** Starts a run; settles when it has connected. */
  begin(onCommit?: OnCommit): Promise<{ ended: Promise<unknown> }>;
  /** The numbers that are stored, gaps as their reason. */
  stored(): Promise<(number | string)[]>;
}

export function scene(
  options: Partial<WebSocketOptions>,
  streamOf: (feed: ReturnType<typeof websocket>) => Stream<unknown> = identified,
): Scene {
  const feed = websocket({ url: 'wss://quotes.example/', budget: { timeMs: 10_000 }, everyMs: 20_000, ...options });
  const stage = stageOf({ streams: { readings: streamOf(feed) } });
  const source = scriptedSource(stage);
  const runtime: Runtime = { ...stage.deps.runtime, fetch: source.fetch, openWebSocket: source.openWebSocket };
  return {
    stage,
    source,
    async begin(onCommit) {
      const { deps } = stage.worker(onCommit);
      const ended = ingest({ ...deps, runtime }, stage.clock.now + 60_000);
      ended.catch(() => {});
      await settle();
      return { ended };
    },
    async stored() {
      const events = await stage.events();
      return events.map(({ data, meta }) => meta?.gap?.reason ?? (data as { value: number }).value);
    },
  };
}

/** A burst in which `act` happens, to its end; then as much time as makes the next one due. */
export async function burst(here: Scene, act: () => unknown, restMs = 20_000) {
  const { stage } = here;
  const { ended } = await here.begin();
  await act();
  const report = (await stage.clock.drive(ended)) as { feeds: { outcome: string; error: unknown }[] };
  await stage.clock.advance(restMs);
  return report.feeds[0];
}

/** Sends what follows the number that the client names. */
export function replaying(here: Scene): void {
  here.source.onSaid = (text, tell) => {
    const { after } = JSON.parse(text) as { after: number };
    for (const { n, at } of here.source.emitted.slice(after + 1))
      tell(JSON.stringify({ id: `r${n}`, sensor: 'a', at, value: n }));
  };
}
export const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);
