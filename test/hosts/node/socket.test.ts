/** TCP and TLS on Node. */
import { afterAll, beforeAll } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { type RunningPeers, startPeers } from '../../services/peers.ts';
import { socketSuite } from '../socket-suite.ts';

let peers: RunningPeers;
beforeAll(async () => {
  peers = await startPeers();
});
afterAll(() => peers.stop());

socketSuite('on Node', connect, () => peers);
