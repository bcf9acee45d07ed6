/** Publishes to a broker, and reads what it says of itself, over sessions of their own. */
import { dial } from '../../../../src/feeds/mqtt-session/dial.ts';
import { mqttSettings } from '../../../../src/feeds/mqtt-session/settings.ts';
import type { Session } from '../../../../src/feeds/mqtt-session/session-types.ts';
import { nodeRuntime } from '../../../../src/hosts/node/runtime.ts';

async function withSession<Result>(port: number, work: (session: Session) => Promise<Result>): Promise<Result> {
  const runtime = nodeRuntime(() => {});
  const settings = mqttSettings({ url: `mqtt://127.0.0.1:${port}`, qos: 0 }, () => '');
  const { signal } = new AbortController();
  const { session } = await dial(settings, { ...runtime, feed: 'test', signal }, null);
  try {
    return await work(session);
  } finally {
    await session.end(true);
  }
}

export interface Published {
  topic: string;
  payload: string;
  qos: 0 | 1;
  retain: boolean;
}

export function publishOver(port: number, messages: readonly Published[]): Promise<void> {
  return withSession(port, async (session) => {
    for (const message of messages) await session.publish(message);
  });
}

/** The newest retained text of a topic of `$SYS`. */
export function readSys(port: number, topic: string): Promise<string | null> {
  return withSession(port, async (session) => {
    await session.subscribe([topic], { qos: 0, asks: true });
    const [found] = await session.receive(1_000);
    return found?.cmd === 'publish' ? new TextDecoder().decode(found.payload as Uint8Array) : null;
  });
}
