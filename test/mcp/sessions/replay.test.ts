/** Clients that are cut in the middle of a request and come back to another instance, over each store. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { testEachStore } from '../../services/each-store.ts';
import { gate, instances, type Relay, relayTo } from './relay.ts';

interface Called {
  /** @returns the text of the result */
  call(name: string): Promise<string>;
  /** Messages that the client took, as JSON. */
  taken: string[];
  close(): Promise<void>;
}

function listening(transport: { onmessage?: ((message: never) => void) | undefined }): string[] {
  const taken: string[] = [];
  const inner = transport.onmessage;
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK has no other way
  transport.onmessage = (message: never) => {
    taken.push(JSON.stringify(message));
    inner?.(message);
  };
  return taken;
}

const CLIENTS: Record<string, (relay: Relay, url: URL) => Promise<Called>> = {
  async v1({ fetch }, url) {
    const client = new OldClient({ name: 'old', version: '0' });
    const transport = new OldTransport(url, { fetch });
    await client.connect(transport);
    const taken = listening(transport);
    const call = async (name: string) =>
      JSON.stringify(await client.callTool({ name: 'work', arguments: { name } }, undefined, { onprogress: () => {} }));
    return { call, taken, close: () => client.close() };
  },
  async v2({ fetch }, url) {
    const client = new Client({ name: 'new', version: '0' }, { versionNegotiation: { mode: 'legacy' } });
    const transport = new StreamableHTTPClientTransport(url, { fetch });
    await client.connect(transport);
    const taken = listening(transport);
    const call = async (name: string) =>
      JSON.stringify(await client.callTool({ name: 'work', arguments: { name } }, { onprogress: () => {} }));
    return { call, taken, close: () => client.close() };
  },
};

let names = 0;

async function cutAndResumed(store: Store, connect: (relay: Relay, url: URL) => Promise<Called>): Promise<void> {
  const served = await instances(store);
  const relay = relayTo(served);
  const client = await connect(relay, new URL(served[0]?.mcpUrl ?? ''));
  // Both ask for a stream of the session as soon as they have one.
  await expect.poll(() => relay.asked.map(({ method }) => method)).toContain('GET');
  try {
    const name = `call ${(names += 1)}`;
    const { begun, open } = gate(name);
    const before = relay.asked.length;
    const answer = client.call(name);
    answer.catch(() => {});
    await begun;
    await expect.poll(() => relay.asked.length).toBe(before + 1);
    relay.cut();
    await expect.poll(() => relay.asked.length, { timeout: 10_000 }).toBe(before + 2);
    open();
    expect(await answer).toContain(`done: ${name}`);
    const [post, get] = relay.asked.slice(before);
    expect([post?.method, get?.method, get?.status]).toEqual(['POST', 'GET', 200]);
    expect(get?.at).not.toBe(post?.at);
    expect(client.taken.filter((message) => message.includes('"content"'))).toHaveLength(1);
  } finally {
    await client.close();
    await Promise.all(served.map((each) => each.close()));
  }
}

describe.each(Object.keys(CLIENTS))('the %s client', (name) => {
  testEachStore('has its response once, from another instance, where it was cut', (store) =>
    cutAndResumed(store, CLIENTS[name] ?? (() => Promise.reject(new Error('no such client')))),
  );
});
