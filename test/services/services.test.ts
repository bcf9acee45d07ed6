import { Redis } from '@upstash/redis';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createReplyParser, Status, type Reply } from '../../infra/local/redis-connection.ts';
import { requireService } from './available.ts';
import { startOwnDynamo } from './dynamodb.ts';
import { startMosquitto } from './mosquitto.ts';
import { startRedis, type RunningRedis } from './redis.ts';
import { startUpstash, type UpstashFront } from './upstash.ts';

describe.skipIf(!requireService('redis'))('the REST front before a real redis-server', () => {
  let redis: RunningRedis;
  let front: UpstashFront;

  beforeAll(async () => {
    redis = await startRedis();
    front = await startUpstash(redis.url);
  });
  afterAll(async () => {
    await front.stop();
    await redis.stop();
  });

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const authorization = `Bearer ${front.token}`;
    const options = { method: 'POST', headers: { authorization, ...headers }, body: JSON.stringify(body) };
    const response = await fetch(front.url + path, options);
    return { status: response.status, body: await response.json() };
  };

  test.for(['base64', false] as const)(
    'the official client gets every value back, with answers as %s',
    async (encoding) => {
      const { url, token } = front;
      const client = new Redis({ url, token, responseEncoding: encoding, automaticDeserialization: false });
      const text = 'grün \u{1f30a} "quoted" \\ \u0000 \n';
      await client.set(`text-${encoding}`, text);
      expect(await client.get(`text-${encoding}`)).toBe(text);
      expect(await client.get('missing')).toBeNull();
      expect(await client.eval("return {1, 'two', {'three', false}}", [], [])).toEqual([1, 'two', ['three', null]]);
      const big = 'x'.repeat(400_000);
      await client.set('big', big);
      expect(await client.get('big')).toBe(big);
    },
  );

  test('a pipeline answers each command, an error beside results', async () => {
    const answer = await post('/pipeline', [
      ['SET', 'n', 'text'],
      ['INCR', 'n'],
      ['CONFIG', 'GET', '*'],
      ['GET', 'n'],
    ]);
    expect(answer).toMatchObject({
      status: 200,
      body: [
        { result: 'OK' },
        { error: expect.stringMatching(/^ERR/) },
        { error: expect.any(String) },
        { result: 'text' },
      ],
    });
  });

  test('a transaction runs whole, or not at all when a command cannot be queued', async () => {
    expect(
      await post('/multi-exec', [
        ['SET', 'm', '1'],
        ['INCR', 'm'],
      ]),
    ).toEqual({
      status: 200,
      body: [{ result: 'OK' }, { result: 2 }],
    });
    expect(await post('/multi-exec', [['SET', 'm', '9'], ['GET']])).toMatchObject({ status: 400 });
    expect(await post('/', ['GET', 'm'])).toEqual({ status: 200, body: { result: '2' } });
  });

  test.for<{ name: string; path: string; body: unknown; headers: Record<string, string>; status: number }>([
    { name: 'a wrong token', path: '/', body: ['PING'], headers: { authorization: 'Bearer no' }, status: 401 },
    { name: 'a command that is no array', path: '/', body: { PING: true }, headers: {}, status: 400 },
    { name: 'an object as an argument', path: '/', body: ['SET', 'a', {}], headers: {}, status: 400 },
    { name: 'a blocking command', path: '/', body: ['BLPOP', 'a', 0], headers: {}, status: 400 },
    { name: 'an empty pipeline', path: '/pipeline', body: [], headers: {}, status: 400 },
    { name: 'a body above 1 MiB', path: '/', body: ['SET', 'a', 'x'.repeat(1_100_000)], headers: {}, status: 413 },
    { name: 'an unknown path', path: '/nowhere', body: [['PING']], headers: {}, status: 404 },
  ])('$name is refused with $status', async ({ path, body, headers, status }) => {
    expect(await post(path, body, headers)).toMatchObject({ status, body: { error: expect.any(String) } });
  });

  test('without its Redis it answers 502', async () => {
    const gone = await startRedis();
    const lonely = await startUpstash(gone.url, { token: front.token });
    onTestFinished(() => lonely.stop());
    await gone.stop();
    const headers = { authorization: `Bearer ${front.token}` };
    expect((await fetch(lonely.url, { method: 'POST', headers, body: '["PING"]' })).status).toBe(502);
  });
});

test('replies are read whole, however they are cut into chunks', () => {
  const bytes = Buffer.from('*3\r\n$4\r\na\r\nb\r\n*0\r\n*2\r\n:-5\r\n$-1\r\n+OK\r\n');
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const replies: Reply[] = [];
    const parse = createReplyParser((reply) => replies.push(reply));
    parse(bytes.subarray(0, cut));
    parse(bytes.subarray(cut));
    expect(replies).toEqual([[Buffer.from('a\r\nb'), [], [-5, null]], new Status('OK')]);
  }
});

describe.skipIf(!requireService('mosquitto'))('Mosquitto', () => {
  test('listens on both ports, also after a restart', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    await canConnect(broker.port);
    await canConnect(broker.wsPort);
    await broker.restart();
    await canConnect(broker.port);
  });
});

function canConnect(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

describe.skipIf(!requireService('dynamodb'))('DynamoDB Local', () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

  test.skipIf(outside === undefined || javaVersion() >= 24)(
    'answers on 127.0.0.1, and nobody who comes from elsewhere',
    async () => {
      const dynamo = await startOwnDynamo();
      onTestFinished(() => dynamo.stop());
      const ask = (host: string) =>
        fetch(dynamo.endpoint.replace('127.0.0.1', host), { signal: AbortSignal.timeout(5_000) }).then(
          ({ status }) => status,
          () => null,
        );
      expect(await ask(outside ?? '')).toBeNull();
      expect(await ask('127.0.0.1')).toBe(400);
    },
    30_000,
  );
});

/** The major version; a JVM of 24 or later knows no policies. */
function javaVersion(): number {
  if (!requireService('dynamodb')) return 0;
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0);
}
