/** The MQTT feed on a real broker, on Node. */
import { afterAll, beforeAll, describe } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { requireService } from '../../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { mqttSuite } from './suite.ts';

describe.skipIf(!requireService('mosquitto')).each([5, 4] as const)('MQTT version %s (needs mosquitto)', (version) => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto(['max_queued_messages 0']);
  });
  afterAll(() => broker.stop());

  mqttSuite(version, connect, () => broker);
});
