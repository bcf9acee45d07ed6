/**
 * The MQTT feed. A session at the broker keeps the messages that arrive between two bursts, and each burst drains it.
 * Delivery is at least once: a message is acknowledged after it is stored, so a message whose acknowledgement was lost
 * comes again.
 */
import type { BurstContext, Feed, FeedBatch, FeedProbe } from '../../declare/feed.ts';
import { secretsWithin } from '../../declare/secret.ts';
import { declaredPacing } from '../kit/declared-pacing.ts';
import { optionsOf } from '../kit/source-options.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { MqttOutlet } from '../mqtt-session/messages.ts';
import type { MqttOptions } from '../mqtt-session/options.ts';
import { brokerOf } from '../mqtt-session/broker.ts';
import { mqttProblems } from './problems.ts';
import { mqttSettings, ofTenant } from '../mqtt-session/settings.ts';
import { mqttRoutes } from '../mqtt-session/route.ts';
import { mqttOutlet } from './outlet.ts';

export type * from '../mqtt-session/messages.ts';
export type {
  MqttOptions,
  MqttPublishRule,
  MqttResponse,
  MqttRoute,
  MqttTls,
  MqttTopics,
} from '../mqtt-session/options.ts';

/**
 * A feed of the messages that are published to topics of an MQTT broker. Streams take their share with
 * `from('plant', { topic: 'plant/+/temperature', keyLevel: 1 })`; a feed that stands in its one stream names its `topic`
 * here.
 *
 * Each of the streams gets a `gap` event when the session was lost, and when the broker's queue was full, as
 * `brokerQueueLimit` tells. Retained messages have `meta.retained`; `meta.source` is the topic. A trickle is stored once
 * per burst, so data may wait as long as `budget.timeMs`: declare a short one if `everyMs` is short.
 *
 * Every route gets a message once if the broker has subscription identifiers (MQTT 5). With 3.1.1 a broker may send a
 * message twice that matches two filters, if neither filter covers the other.
 *
 * With `topics.publish` the app can publish there too: see `MqttTopics`.
 */
export function mqtt(given: MqttOptions): Feed<MqttOutlet> {
  const options = optionsOf(given);
  const { topics } = options;
  return {
    kind: 'feed',
    type: 'mqtt',
    source: describeBroker(options.url),
    secrets: secretsWithin([options.url, options.username, options.password, options.tls]),
    pacing: declaredPacing(options),
    replayable: options.qos !== 0,
    acknowledges: true,
    listens: true,
    loses: options.qos === 0 ? LOSES_ALL : LOSES_QOS_0,
    asks: Object.keys(options.tls ?? {}).map((name) => `tls.${name}`),
    ...claimOf(options),
    route: mqttRoutes,
    problems: (targets) => mqttProblems(options, targets),
    burst: (context) => burst(options, context),
    probe: (context) => probe(options, context),
    ...(topics === undefined ? {} : { outlet: () => mqttOutlet(options, topics) }),
  };
}

const FIX =
  'let devices publish at QoS 1, bridge a broker that does, let a rule of the broker push to /ingest, or run on Node, where the connection is held';
const LOSES_QOS_0 = {
  what: 'Of what devices publish at QoS 0 only what comes during a burst is here.',
  fix: FIX,
};
const LOSES_ALL = {
  what: 'Only what is published during a burst is here, because the feed is subscribed at QoS 0.',
  fix: `declare qos: 1, and ${FIX}`,
};

function describeBroker(url: MqttOptions['url']): string {
  if (typeof url === 'object') return `mqtt, at the URL in ${url.name}`;
  return URL.canParse(url) ? publicForm(new URL(url)) : 'mqtt, at what is no URL';
}

/** A broker gives a session to the newest holder of its clientId, so two feeds would take it from each other. */
function claimOf({ url, clientId }: MqttOptions): Pick<Feed, 'claim'> {
  if (typeof clientId !== 'string') return {};
  const broker = typeof url === 'object' ? url.name : URL.canParse(url) ? brokerOf(new URL(url).host) : null;
  if (broker === null) return {};
  const held = `the session of clientId ${JSON.stringify(clientId)} at ${broker}`;
  return { claim: { path: 'clientId', held } };
}

/** Loads the protocol only when a burst needs it, so that a Worker without MQTT does not run its code. */
async function* burst(options: MqttOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const { drain } = await import('../mqtt-session/drain.ts');
  yield* drain(ofTenant(mqttSettings(options, context.secret), context.tenant), context);
}

async function probe(options: MqttOptions, context: BurstContext): Promise<FeedProbe> {
  const { probeBroker } = await import('../mqtt-session/probe.ts');
  return probeBroker(mqttSettings(options, context.secret), context);
}
