/** The MQTT feed against brokers that behave badly, on Node. */
import { afterAll, beforeAll } from 'vitest';
import { connect } from '../../src/entry/node-socket.ts';
import { type RunningPeers, startPeers } from '../services/peers.ts';
import { mqttPeersSuite } from './mqtt-peers-suite.ts';

let peers: RunningPeers;
beforeAll(async () => {
  peers = await startPeers();
});
afterAll(() => peers.stop());

mqttPeersSuite('on Node', connect, () => peers);
