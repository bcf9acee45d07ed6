/** What a running `tidegate start` with its demo has in its streams, as a client sees it. */
import { expect } from 'vitest';
import { connectClient, type ListedStream } from '../clients.ts';

export const DEMO = ['quakes', 'host', 'temperatures', 'pressures', 'pumps'];

export async function streamsOf(url: string): Promise<Map<string, ListedStream>> {
  const client = await connectClient(url);
  try {
    return await client.streams();
  } finally {
    await client.close();
  }
}

/** Of each stream of the demo, in its order. */
export function counts(streams: Map<string, ListedStream>): number[] {
  return DEMO.map((name) => streams.get(name)?.events ?? 0);
}

/** Until the streams that can have events on a machine without a network do. */
export async function untilFilled(url: string): Promise<void> {
  const empty = async () => {
    const streams = await streamsOf(url);
    return DEMO.filter((name) => name !== 'quakes' && (streams.get(name)?.events ?? 0) === 0);
  };
  await expect.poll(empty, { timeout: 30_000, interval: 250 }).toEqual([]);
}
