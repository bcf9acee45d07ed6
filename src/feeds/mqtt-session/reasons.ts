/** The meaning of a broker's codes, in words for operators (MQTT 3.1.1 section 3.2.2.3, MQTT 5.0 section 2.4). */

const CONNECT_CODES_3: Record<number, string> = {
  1: 'unacceptable protocol version',
  2: 'client identifier rejected',
  3: 'server unavailable',
  4: 'bad user name or password',
  5: 'not authorised',
};

const REASONS_5: Record<number, string> = {
  0x00: 'normal disconnection',
  0x10: 'no matching subscribers',
  0x80: 'unspecified error',
  0x81: 'malformed packet',
  0x82: 'protocol error',
  0x83: 'implementation specific error',
  0x84: 'unsupported protocol version',
  0x85: 'client identifier not valid',
  0x86: 'bad user name or password',
  0x87: 'not authorised',
  0x88: 'server unavailable',
  0x89: 'server busy',
  0x8a: 'banned',
  0x8b: 'server shutting down',
  0x8c: 'bad authentication method',
  0x8d: 'keep alive timeout',
  0x8e: 'session taken over: another client connected with the same clientId',
  0x8f: 'topic filter invalid',
  0x90: 'topic name invalid',
  0x93: 'receive maximum exceeded',
  0x94: 'topic alias invalid',
  0x95: 'packet too large',
  0x96: 'message rate too high',
  0x97: 'quota exceeded',
  0x98: 'administrative action',
  0x99: 'payload format invalid',
  0x9a: 'retain not supported',
  0x9b: 'QoS not supported',
  0x9c: 'use another server',
  0x9d: 'server moved',
  0x9e: 'shared subscriptions not supported',
  0x9f: 'connection rate exceeded',
  0xa0: 'maximum connect time',
  0xa1: 'subscription identifiers not supported',
  0xa2: 'wildcard subscriptions not supported',
};

/** The meaning of a CONNACK code. A broker that knows only 3.1.1 answers a CONNECT of version 5 with a code of 3.1.1. */
export function connectReason(code: number): string {
  return CONNECT_CODES_3[code] ?? reason(code);
}

/** The meaning of a code of PUBACK, SUBACK or DISCONNECT. */
export function reason(code: number): string {
  return REASONS_5[code] ?? `code 0x${code.toString(16)}`;
}

/** Whether a CONNACK code says that the broker does not speak the version that CONNECT named. */
export function isVersionRefusal(code: number): boolean {
  return code === 1 || code === 0x84;
}
