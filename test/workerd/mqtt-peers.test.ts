/** The MQTT feed against brokers that behave badly, inside workerd. */
import { inject } from 'vitest';
import { connectFromWorker as connect } from '../../src/hosts/workers/socket.ts';
import { mqttPeersSuite } from '../feeds/mqtt/peers-suite.ts';

const peers = inject('peers');

mqttPeersSuite('in workerd', connect, () => peers);
