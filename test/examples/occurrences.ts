/** The occurrences of a trigger of an app in memory, as a browser hears them: by its stream of events from the beginning. */
import type { TestApp } from '../../src/testing.ts';
import { encodeTailCursor } from '../../src/streams/log/tail-cursor.ts';

export interface Told {
  eventId: string;
  key: string | null;
  data: Record<string, unknown>;
}

export async function occurrencesOf(at: TestApp, trigger: string): Promise<Told[]> {
  const begin = encodeTailCursor(`trigger.${trigger}`, null);
  const leaving = new AbortController();
  const url = `http://127.0.0.1/triggers/${trigger}/events?lastEventId=${encodeURIComponent(begin)}`;
  const response = await at.fetch(new Request(url, { signal: leaving.signal }));
  const told: Told[] = [];
  let text = '';
  const read = async () => {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
  };
  const reading = read();
  await at.advance(0);
  leaving.abort();
  await at.advance(0);
  await reading;
  for (const [, data = ''] of text.matchAll(/^event: message\ndata: (.*)$/gm)) {
    const { eventId, data: occurrence } = JSON.parse(data) as { eventId: string; data: Told['data'] & { key: string } };
    told.push({ eventId, key: occurrence.key, data: occurrence });
  }
  return told;
}
