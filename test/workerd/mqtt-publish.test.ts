/** Publishing, requests and listening on a real broker, inside workerd. */
import { describe, inject } from 'vitest';
import { connectFromWorker as connect } from '../../src/hosts/workers/socket.ts';
import { mqttPublishSuite } from '../feeds/mqtt/publish-suite.ts';

const port = inject('steadyMosquitto');

describe.skipIf(port === null).each([5, 4] as const)('MQTT version %s in workerd (needs mosquitto)', (version) => {
  mqttPublishSuite(version, connect, () => port ?? 0);
});
