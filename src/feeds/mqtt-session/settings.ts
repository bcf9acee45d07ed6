/** The settings of an MQTT feed: its options, the defaults of the specification, and the credentials in the URL. */
import { withDefaults } from '../../declare/spec/options.ts';
import type { MqttOptions } from './options.ts';
import { mqttSpec } from './spec.ts';

/** How many messages the broker may send before the first is acknowledged, if `receiveMaximum` is not declared. */
export const DEFAULT_RECEIVE_MAXIMUM = 1_000;

/** Makes the settings. An option that has no default and is not declared is null. */
export function mqttSettings(options: MqttOptions) {
  const { username, password } = new URL(options.url);
  const {
    everyMs: _every,
    budget: _budget,
    overflow: _overflow,
    sample: _sample,
    topics: _topics,
    ...own
  } = withDefaults(mqttSpec, options);
  return {
    ...own,
    clientId: own.clientId ?? null,
    username: own.username ?? (decodeURIComponent(username) || null),
    password: own.password ?? (decodeURIComponent(password) || null),
    tls: own.tls ?? {},
    versions: mqttVersions(options),
    topic: own.topic ?? null,
    items: own.items ?? null,
    receiveMaximum: own.receiveMaximum ?? null,
    brokerQueueLimit: own.brokerQueueLimit ?? null,
  };
}

export type MqttSettings = ReturnType<typeof mqttSettings>;

/** The protocol versions to try, in this order. */
export function mqttVersions({ protocolVersion }: Pick<MqttOptions, 'protocolVersion'>): readonly (4 | 5)[] {
  return protocolVersion === undefined ? [5, 4] : [protocolVersion];
}
