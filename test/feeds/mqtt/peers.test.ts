/** The MQTT feed against brokers that behave badly, on Node. */
import { afterAll, beforeAll } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { type RunningPeers, startPeers } from '../../services/peers.ts';
import { mqttPeersSuite } from './peers-suite.ts';

let peers: RunningPeers;
beforeAll(async () => {
  peers = await startPeers();
});
afterAll(() => peers.stop());

mqttPeersSuite('on Node', connect, () => peers);
