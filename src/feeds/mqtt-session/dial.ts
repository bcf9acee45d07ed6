/** Connects to a broker and opens the feed's session there, with the newest protocol version that both sides know. */
import type { BurstContext } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import type { ByteSocket } from '../../base/runtime.ts';
import { publicForm } from '../../net/fetch-target.ts';
import { DEFAULT_RECEIVE_MAXIMUM, type MqttSettings } from './settings.ts';
import type { MqttPosition } from './position.ts';
import { openSession } from './session.ts';
import type { Session } from './session-types.ts';
import { openSocket } from './socket.ts';

/** What `dial` needs of its caller, which is a burst or a call that publishes. */
type Dialling = Pick<BurstContext, 'feed' | 'signal' | 'now' | 'newId' | 'sleep' | 'connect' | 'log'>;

export interface Connection {
  session: Session;
  /** `host:port`, as the URL names it. */
  broker: string;
  clientId: string;
  protocol: 4 | 5;
  /** Breaks the connection and wakes whoever waits for it. */
  close(): void;
}

/**
 * @param before the position of the last burst. A broker that knew only 3.1.1 then is not asked for 5 again.
 * @throws TidegateError `upstream` or `invalid_config`.
 */
export async function dial(
  settings: MqttSettings,
  context: Dialling,
  before: MqttPosition | null,
): Promise<Connection> {
  const broker = new URL(settings.url).host;
  const clientId = settings.clientId ?? `tidegate-${context.newId()}`;
  const known = before?.broker === broker && settings.versions.includes(before.protocol) ? before.protocol : null;
  for (const protocol of known === 4 ? [known] : settings.versions) {
    const connection = await open(settings, context, clientId, protocol, settings.qos === 0);
    if (connection !== null) {
      const { expirySeconds } = connection.session;
      if (expirySeconds !== null && expirySeconds < settings.sessionExpirySeconds && settings.qos === 1) {
        context.log('warn', 'the broker keeps the session for a shorter time than asked', {
          feed: context.feed,
          expirySeconds,
        });
      }
      return { ...connection, broker, clientId, protocol };
    }
  }
  throw new TidegateError('upstream', `the broker does not speak MQTT ${settings.versions.join(' or ')}`, {
    field: 'protocolVersion',
  });
}

/** Removes the session at a broker of MQTT 3.1.1, where only a clean CONNECT can. It does not throw. */
export async function forgetSession(settings: MqttSettings, context: Dialling): Promise<void> {
  try {
    const connection = await open(settings, context, settings.clientId ?? '', 4, true);
    await connection?.session.end();
  } catch (error) {
    context.log('warn', 'a session could not be removed from the broker', {
      feed: context.feed,
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Opens the session with one version; null if the broker does not speak it. */
async function open(
  settings: MqttSettings,
  context: Dialling,
  clientId: string,
  protocolVersion: 4 | 5,
  clean: boolean,
): Promise<{ session: Session; close(): void } | null> {
  const { signal } = context;
  const socket = await reach(settings, context);
  const close = () => socket.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const receiveMaximum = settings.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM;
    const options = { ...settings, protocolVersion, clientId, clean, receiveMaximum };
    const session = await openSession(socket, options, context);
    if (!('refused' in session)) return { session, close };
    close();
    return null;
  } catch (error) {
    close();
    throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    signal.removeEventListener('abort', close);
  }
}

/** Opens a socket to the broker, within the time that an answer of the broker may take. */
async function reach({ url, tls, answerMs }: MqttSettings, context: Dialling): Promise<ByteSocket> {
  const late = new AbortController();
  const reached = new AbortController();
  const limit = async () => {
    await context.sleep(answerMs, reached.signal);
    if (reached.signal.aborted) return;
    late.abort(new TidegateError('upstream', `${publicForm(new URL(url))} could not be reached in ${answerMs} ms`));
  };
  void limit();
  try {
    return await openSocket(url, tls, context.connect, AbortSignal.any([context.signal, late.signal]));
  } finally {
    reached.abort();
  }
}
