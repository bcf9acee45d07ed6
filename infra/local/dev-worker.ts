/**
 * `npm run dev:worker`: the Worker in workerd, as `wrangler dev` runs it, on a Redis of its own behind a REST front, with
 * the cron trigger called as Cloudflare would. Everything listens on 127.0.0.1 and ends with Ctrl-C. Arguments go to
 * `wrangler dev`: another entry than that of `wrangler.toml`, `--port N`, or `--var NAME:value`.
 */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startRedis } from './redis.ts';
import { startUpstash } from './upstash.ts';

const CRON_EVERY_MS = 10_000;
/** The port is wrangler's option too, and it names that where one is taken; the last word counts. */
const { values, tokens } = parseArgs({
  args: process.argv.slice(2),
  options: { port: { type: 'string', default: process.env['PORT'] ?? '8787' } },
  strict: false,
  tokens: true,
});
const port = Number(values.port);
const ofPort = new Set(
  tokens.flatMap((token) =>
    token.kind === 'option' && token.name === 'port'
      ? [token.index, token.inlineValue ? token.index : token.index + 1]
      : [],
  ),
);
const others = process.argv.slice(2).filter((_, index) => !ofPort.has(index));

const redis = await startRedis();
const front = await startUpstash(redis.url);
const variables = {
  HOST: '127.0.0.1',
  STORE: 'redis',
  UPSTASH_REDIS_REST_URL: front.url,
  UPSTASH_REDIS_REST_TOKEN: front.token,
};
const wrangler = spawn(
  process.execPath,
  [
    'node_modules/wrangler/bin/wrangler.js',
    'dev',
    ...others,
    '--ip=127.0.0.1',
    `--port=${port}`,
    '--test-scheduled',
    '--show-interactive-dev-session=false',
    ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ],
  { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' } },
);

const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    ending.abort();
    wrangler.kill('SIGTERM');
  });
}
wrangler.once('exit', (code) => {
  const asked = ending.signal.aborted;
  ending.abort();
  void Promise.allSettled([front.stop(), redis.stop()]).then(() => process.exit(asked ? 0 : (code ?? 1)));
});

console.log(`MCP endpoint: http://127.0.0.1:${port}/mcp (Redis on ${redis.url}, REST front on ${front.url})`);
console.log(
  `A key, where AUTH is keys: STORE=redis UPSTASH_REDIS_REST_URL=${front.url} UPSTASH_REDIS_REST_TOKEN=${front.token} npx tidegate keys create --name me`,
);
while (!ending.signal.aborted) {
  await sleep(CRON_EVERY_MS, undefined, { signal: ending.signal }).catch(() => null);
  if (ending.signal.aborted) break;
  await fetch(`http://127.0.0.1:${port}/cdn-cgi/handler/scheduled?cron=*+*+*+*+*`, {
    signal: AbortSignal.timeout(60_000),
  })
    .then((response) => response.arrayBuffer())
    .catch((error: unknown) => console.error(`cron: ${error instanceof Error ? error.message : String(error)}`));
}
