/** The settings of an MQTT feed: its options, the defaults of the specification, and the credentials in the URL. */
import { withDefaults } from '../../declare/spec/options.ts';
import type { TlsOptions } from '../../base/runtime.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { TidegateError } from '../../base/errors.ts';
import { type ReadSecret, revealed } from '../../declare/secret.ts';
import type { MqttOptions } from './options.ts';
import { BROKER_URL, isBrokerUrl, mqttSpec } from './spec.ts';

/** How many messages the broker may send before the first is acknowledged, if `receiveMaximum` is not declared. */
export const DEFAULT_RECEIVE_MAXIMUM = 1_000;

/** Makes the settings. An option that has no default and is not declared is null. */
export function mqttSettings(options: MqttOptions, secret: ReadSecret) {
  const { url, ...given } = credentialsOf(options, secret);
  const { username, password } = new URL(url);
  const {
    everyMs: _every,
    lateAfterMs: _late,
    budget: _budget,
    overflow: _overflow,
    sample: _sample,
    topics: _topics,
    username: _username,
    password: _password,
    tls: _tls,
    ...own
  } = withDefaults(mqttSpec, options);
  return {
    ...own,
    url,
    clientId: own.clientId ?? null,
    username: given.username ?? (decodeURIComponent(username) || null),
    password: given.password ?? (decodeURIComponent(password) || null),
    tls: given.tls ?? {},
    versions: mqttVersions(options),
    topic: own.topic ?? null,
    items: own.items ?? null,
    receiveMaximum: own.receiveMaximum ?? null,
  };
}

/**
 * The settings of a tenant, whose session has a clientId of its own: with one for all, each burst would take the session, and
 * what the broker kept, from the tenant before. `public` has the declared one.
 * @param tenant in its safe form, which is visible ASCII
 */
export function ofTenant(settings: MqttSettings, tenant: string): MqttSettings {
  const { clientId } = settings;
  if (clientId === null || tenant === APP_TENANT) return settings;
  return { ...settings, clientId: `${clientId}.${tenant}` };
}

interface Credentials {
  url: string;
  username?: string;
  password?: string;
  tls?: TlsOptions;
}

/** @throws TidegateError `invalid_config` where the secret is no URL of a broker. */
function credentialsOf({ url, username, password, tls }: MqttOptions, secret: ReadSecret): Credentials {
  const credentials = revealed<Credentials>({ url, username, password, tls }, secret);
  if (isBrokerUrl(credentials.url)) return credentials;
  const field = typeof url === 'object' ? url.name : 'url';
  throw new TidegateError('invalid_config', `${field}: expected ${BROKER_URL}`, { field, expected: BROKER_URL });
}

export type MqttSettings = ReturnType<typeof mqttSettings>;

/** The protocol versions to try, in this order. */
export function mqttVersions({ protocolVersion }: Pick<MqttOptions, 'protocolVersion'>): readonly (4 | 5)[] {
  return protocolVersion === undefined ? [5, 4] : [protocolVersion];
}
