/** TCP and TLS inside workerd. */
import { expect, inject, test } from 'vitest';
import { connectFromWorker as connect } from '../../src/hosts/workers/socket.ts';
import { socketSuite } from '../hosts/socket-suite.ts';

const peers = inject('peers');
const never = new AbortController().signal;

socketSuite('in workerd', connect, () => peers);

test.each(['ca', 'cert', 'key', 'servername'])('tls.%s is refused by name, before anything is opened', async (name) => {
  const address = { host: '127.0.0.1', port: peers.ports.answers, tls: { [name]: 'x' } };
  await expect(connect(address, never)).rejects.toMatchObject({ code: 'invalid_config', field: `tls.${name}` });
});
