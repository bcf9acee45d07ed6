/**
 * Looks at a broker for `tidegate doctor`: in sessions of its own, under a clientId that nobody has, which it removes. The feed's
 * session and the messages that wait in it stay as they are. It publishes nothing.
 */
import type { BurstContext, FeedItem, FeedProbe, SourceFact } from '../../declare/feed.ts';
import { asTidegateError } from '../../base/errors.ts';
import { publicForm } from '../../net/fetch-target.ts';
import { type Connection, dial, forgetSession } from './dial.ts';
import { itemMaker, routesOf } from './item.ts';
import type { Publication } from './packets.ts';
import type { MqttSettings } from './settings.ts';

/** How long it listens, ms. */
const LISTEN_MS = 3_000;
const MOST_MESSAGES = 1_000;
/** For how long the broker is asked to keep the second session, should this process be killed. */
const LEFT_SECONDS = 60;
const SYS = { version: '$SYS/broker/version', dropped: '$SYS/broker/publish/messages/dropped' };
const SYS_MS = 500;

interface Heard {
  publications: Publication[];
  ms: number;
}

/** @throws TidegateError as a burst does that cannot connect or subscribe */
export async function probeBroker(declared: MqttSettings, context: BurstContext): Promise<FeedProbe> {
  const settings = { ...declared, qos: 1 as const, clientId: `tidegate-doctor-${context.newId()}` };
  const routes = routesOf(context.targets, settings);
  const filters = [...new Set(routes.map(({ filter }) => filter))];
  const facts: SourceFact[] = [];
  const first = await dial(settings, context, null);
  facts.push(connected(first, declared));
  await first.session.end();
  const second = await dial({ ...settings, sessionExpirySeconds: LEFT_SECONDS }, context, null);
  try {
    facts.push(persistence(first, second.session.present, declared));
    await second.session.subscribe(filters, { qos: 1, asks: true });
    const heard = await listen(second, context);
    const identified = second.session.identifies;
    const toItems = itemMaker(routes, { maxPacketBytes: settings.maxPacketBytes, identified });
    const items: FeedItem[] = heard.publications.flatMap(toItems);
    facts.push(qosSeen(heard, declared, filters));
    facts.push(...(await brokerSays(second, context)));
    return { items, facts };
  } finally {
    await second.session.end(true);
    if (second.protocol === 4) await forgetSession(settings, context);
  }
}

function connected({ protocol, session }: Connection, { url }: MqttSettings): SourceFact {
  const { qos, packetBytes, receiveMaximum } = session.takes;
  const bounds = [
    `it takes QoS ${qos}`,
    ...(Number.isFinite(packetBytes) ? [`packets of ${packetBytes} B`] : []),
    ...(receiveMaximum === null ? [] : [`${receiveMaximum} unacknowledged publications`]),
  ];
  const spoken = protocol === 5 ? 'MQTT 5' : 'MQTT 3.1.1';
  return { status: 'ok', what: `${publicForm(new URL(url))} speaks ${spoken}; ${bounds.join(', ')}` };
}

function persistence(first: Connection, isPresent: boolean, { qos, sessionExpirySeconds }: MqttSettings): SourceFact {
  const { expirySeconds } = first.session;
  if (qos === 0) {
    return {
      status: 'warn',
      what: 'the feed is subscribed at QoS 0: the broker keeps nothing between two bursts',
      fix: 'declare qos: 1 and a clientId, unless what comes in between may be lost',
    };
  }
  if (!isPresent) {
    return {
      status: 'fail',
      what: 'the broker does not keep sessions: one that had just ended was gone',
      why: 'what is published between two bursts is lost',
      fix: 'turn persistent sessions on at the broker; Mosquitto has persistent_client_expiration, EMQX session_expiry_interval',
    };
  }
  if (expirySeconds !== null && expirySeconds < sessionExpirySeconds) {
    return {
      status: 'warn',
      what: `the broker keeps a session for ${expirySeconds} s, and ${sessionExpirySeconds} s were asked for`,
      why: 'a server that is away for longer loses what came meanwhile',
      fix: 'raise the limit of the broker, or declare sessionExpirySeconds',
    };
  }
  return { status: 'ok', what: `the broker keeps sessions, for ${expirySeconds ?? sessionExpirySeconds} s` };
}

async function listen({ session }: Connection, context: BurstContext): Promise<Heard> {
  const begunAt = context.now();
  const until = Math.min(begunAt + LISTEN_MS, context.deadline - 1_000);
  const publications: Publication[] = [];
  while (publications.length < MOST_MESSAGES && context.now() < until && !context.signal.aborted) {
    const some = await session.receive(Math.max(0, until - context.now()), context.signal);
    publications.push(...some);
    await session.acknowledge(some.flatMap(({ qos, messageId }) => (qos === 1 && messageId ? [messageId] : [])));
  }
  return { publications, ms: context.now() - begunAt };
}

/** The broker hands a message on with the QoS that it was published with, up to ours. */
function qosSeen({ publications, ms }: Heard, { qos }: MqttSettings, filters: readonly string[]): SourceFact {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  if (publications.length === 0) {
    return {
      status: 'warn',
      what: `no message came in ${seconds} s, and none is retained, for ${filters.join(', ')}`,
      why: 'nothing was published meanwhile, the filter is not that of the topics, or the user may not read them',
      fix: `compare with mosquitto_sub -v -t '#', with the same user`,
    };
  }
  const careless = publications.filter((publication) => publication.qos === 0);
  const counted = `${publications.length} message${publications.length === 1 ? '' : 's'} in ${seconds} s`;
  if (careless.length === 0 || qos === 0)
    return { status: 'ok', what: `${counted}, all at QoS ${qos === 0 ? 'as they come' : 1}` };
  const topics = [...new Set(careless.map(({ topic }) => topic))];
  const named = topics.slice(0, 3).join(', ');
  const more = topics.length > 3 ? ` and ${topics.length - 3} more topics` : '';
  return {
    status: 'warn',
    what: `${counted}, ${careless.length} of them published at QoS 0: ${named}${more}`,
    why: 'a broker keeps no message of QoS 0 for a client that is away: between two bursts these are lost',
    fix: 'let devices publish at QoS 1, or run on Node, where the connection is held',
  };
}

/** What the broker tells of itself, where it tells anything. Who may not read it is told nothing. */
async function brokerSays({ session }: Connection, context: BurstContext): Promise<SourceFact[]> {
  const texts = new Map<string, string>();
  try {
    await session.subscribe(Object.values(SYS), { qos: 0, asks: true });
    const until = context.now() + SYS_MS;
    while (texts.size < 2 && context.now() < until) {
      for (const publication of await session.receive(until - context.now(), context.signal)) {
        if (publication.cmd !== 'publish' || !publication.topic.startsWith('$SYS/')) continue;
        texts.set(publication.topic, new TextDecoder().decode(publication.payload as Uint8Array).slice(0, 100));
      }
    }
  } catch (thrown) {
    return [{ status: 'ok', what: `the broker tells nothing under $SYS: ${asTidegateError(thrown).message}` }];
  }
  const version = texts.get(SYS.version);
  if (version === undefined) return [];
  const dropped = Number(texts.get(SYS.dropped) ?? 0);
  if (!(dropped > 0)) return [{ status: 'ok', what: `the broker is ${version}, and has dropped no message` }];
  return [
    {
      status: 'warn',
      what: `the broker is ${version}, and has dropped ${dropped} messages since it started`,
      why: 'queues of absent clients were full, of this feed or of others',
      fix: 'raise max_queued_messages of the broker, let bursts come more often, and declare brokerQueueLimit as it is set',
    },
  ];
}
