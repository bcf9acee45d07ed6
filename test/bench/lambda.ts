/**
 * What a cold start of the functions costs: the size of their bundle, and the time from a process's start to its first
 * answer: one that needs neither the SDK nor a store, one that needs the SDK, and one that needs both (DynamoDB Local).
 * Beside it an empty function, and the SDK's handler alone. Each start is a process of its own; rounds are interleaved,
 * and medians compared.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';
import { BUNDLE_OPTIONS, bundleTemporarily } from '../../src/hosts/aws/bundle.ts';
import { startDynamo } from '../../infra/local/dynamodb.ts';
import { type LambdaFunction, startInstance } from '../../infra/local/lambda-instance.ts';
import { median, print } from './print.ts';

const ROUNDS = 11;
const FUNCTIONS = join(import.meta.dirname, 'functions');
const APP = join(import.meta.dirname, '../../src/app.ts');
const VERSION = '2026-07-28';

const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
};

function post(method: string, params: { name?: string; arguments?: object } = {}): object {
  return {
    rawPath: '/mcp',
    rawQueryString: '',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': VERSION,
      'mcp-method': method,
      ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
    },
    isBase64Encoded: false,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    requestContext: { domainName: 'local', http: { method: 'POST' } },
  };
}

const DISCOVER = post('server/discover');
const LIST = post('tools/list');
const STATEFUL = post('tools/call', { name: 'read_latest', arguments: { stream: 'quakes' } });

/** From the process's start to the end of the first answer, ms. @throws Error for one without the text that is expected. */
async function firstAnswer(declared: LambdaFunction, event: object, expected: string): Promise<number> {
  const started = performance.now();
  const instance = await startInstance(declared, () => {});
  try {
    await instance.ready;
    const { outcome, done } = instance.invoke(event);
    const told = await outcome;
    let text: string;
    if (told.kind === 'stream') text = (await told.body.toArray()).join('');
    else text = JSON.stringify(told);
    await done;
    const tookMs = performance.now() - started;
    if (!text.includes('"statusCode":200') || !text.includes(expected)) throw new Error(text.slice(0, 500));
    return tookMs;
  } finally {
    await instance.stop();
  }
}

/** Of all files of a bundle. */
/** One of the functions for comparison, in a folder of its own. */
function bundled(name: string): string {
  const outdir = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  buildSync({ ...BUNDLE_OPTIONS, entryPoints: { [name]: join(FUNCTIONS, `${name}.ts`) }, outdir });
  return outdir;
}

function sizes(folder: string): { bytes: number; gzipped: number } {
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  const sum = (of: (file: Buffer) => number) => files.reduce((total, file) => total + of(file), 0);
  return { bytes: sum((file) => file.length), gzipped: sum((file) => gzipSync(file, { level: 9 }).length) };
}

const kib = (bytes: number) => `${(bytes / 1_024).toFixed(0)} KiB`;
const fastest = (values: readonly number[]) => Math.min(...values);
const ms = (time: number) => `${time.toFixed(0)} ms`;

export async function benchLambda(): Promise<void> {
  const built = bundleTemporarily({ appFile: APP }, ['lambda-http', 'lambda-scheduled']);
  const ours = built.code;
  const empty = bundled('empty');
  const sdk = bundled('sdk');
  const dynamo = await startDynamo();
  const environment = {
    STORE: 'dynamodb',
    DYNAMODB_TABLE: dynamo.table,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_REGION: dynamo.region,
    AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
  };
  const shared = { environment, timeoutMs: 30_000 };
  const cases = {
    empty: { declared: { ...shared, folder: empty, handler: 'empty.handler' }, event: DISCOVER, expected: '' },
    sdk: {
      declared: { ...shared, folder: sdk, handler: 'sdk.handler' },
      event: DISCOVER,
      expected: 'supportedVersions',
    },
    discover: {
      declared: { ...shared, folder: ours, handler: 'lambda-http.stream' },
      event: DISCOVER,
      expected: 'supportedVersions',
    },
    list: {
      declared: { ...shared, folder: ours, handler: 'lambda-http.stream' },
      event: LIST,
      expected: 'inputSchema',
    },
    stateful: {
      declared: { ...shared, folder: ours, handler: 'lambda-http.stream' },
      event: STATEFUL,
      expected: 'structuredContent',
    },
  };
  const names = Object.keys(cases) as (keyof typeof cases)[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const name of names) {
        const { declared, event, expected } = cases[name];
        const tookMs = await firstAnswer(declared, event, expected);
        // The first round fills the caches of the machine.
        if (round > 0) times.get(name)?.push(tookMs);
      }
    }
    const size = sizes(ours);
    print('Lambda: the bundle', [
      ['all functions, with what is loaded on demand', kib(size.bytes)],
      ['gzipped, file by file', kib(size.gzipped)],
      ['the SDK alone', kib(sizes(sdk).bytes)],
    ]);
    const summaries = { medians: median, 'the fastest, which other load on the machine changes least': fastest };
    for (const [summary, summarize] of Object.entries(summaries)) {
      const of = (name: keyof typeof cases) => summarize(times.get(name) ?? []);
      print(`Lambda: from a start to its first answer (${summary}, of ${ROUNDS})`, [
        ['an empty function', ms(of('empty'))],
        ['the SDK alone, server/discover, beyond the empty one', ms(of('sdk') - of('empty'))],
        ['Tidegate, server/discover, beyond the empty one', ms(of('discover') - of('empty')), '≤ 80 ms'],
        ['Tidegate, tools/list, beyond the empty one', ms(of('list') - of('empty'))],
        ['Tidegate, read_latest on DynamoDB, in all', ms(of('stateful')), '≤ 250 ms'],
        ['Tidegate, read_latest on DynamoDB, beyond the empty one', ms(of('stateful') - of('empty'))],
      ]);
    }
  } finally {
    await dynamo.stop();
    built.remove();
    for (const folder of [empty, sdk]) rmSync(folder, { recursive: true, force: true });
  }
}
