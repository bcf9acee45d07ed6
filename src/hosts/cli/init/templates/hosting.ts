/** What a new app is deployed with: a Worker, a stack on AWS, a container. Pure. */
import { type NewApp, feedPartsOf } from './app-file.ts';

export function workerFile(): string {
  return `/** What \`npx tidegate deploy cloudflare\` deploys: the app in app.ts, as wrangler.toml says. */
import { createWorker } from 'tidegate/worker';
import app from './app.ts';

export default createWorker(app);
`;
}

export function wranglerFile(app: NewApp): string {
  const secrets = ['UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN', 'TIDEGATE_KEY', ...secretsOf(app)];
  return `name = "${app.appName}"
main = "worker.ts"
compatibility_date = "2026-10-01"
# MQTT feeds take packets apart with Buffer.
compatibility_flags = ["nodejs_compat"]
minify = true
upload_source_maps = true

# The MCP SDK's own file brings a JSON Schema validator, 22 KiB, that is not used.
[alias]
"@modelcontextprotocol/server/_shims" = "./node_modules/tidegate/dist/hosts/workers/sdk-shims.js"

# Feeds are drained, and retention is kept, once a minute.
[triggers]
crons = ["* * * * *"]

# Tasks, triggers and deliveries go on at once through a queue: \`npx wrangler queues create ${app.appName}-tasks\`
# [[queues.producers]]
# binding = "TASKS"
# queue = "${app.appName}-tasks"
# [[queues.consumers]]
# queue = "${app.appName}-tasks"
# max_batch_timeout = 0

# What one address may ask in ten seconds, for MCP and for pushes each.
[[ratelimits]]
name = "RATE_LIMIT"
namespace_id = "1001"
simple = { limit = 300, period = 10 }

# Secrets, put with \`npx wrangler secret put NAME\`: ${secrets.join(', ')}.
[vars]
STORE = "redis"
# Who may call: keys that \`npx tidegate keys create\` makes. "none" lets everyone in.
AUTH = "keys"

[observability]
enabled = true
`;
}

export function awsFile(): string {
  return `/** What \`npx tidegate deploy aws\` deploys: the app in app.ts, in a stack of its own. */
import { createTidegateStack } from 'tidegate/aws';
import app from './app.ts';

createTidegateStack(app, { appFile: 'app.ts', auth: 'keys' });
`;
}

/** Node itself is the main process, so that it hears the signal with which a container is stopped. */
export function dockerFile(): string {
  return `FROM node:24-alpine AS packages
WORKDIR /app
COPY package*.json ./
RUN if [ -f package-lock.json ]; then npm ci --omit=dev; else npm install --omit=dev; fi && npm cache clean --force

FROM node:24-alpine
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787 AUTH=keys SQLITE_PATH=/data/app.db
RUN mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY . .
USER node
VOLUME /data
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \\
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "--max-old-space-size=512", "node_modules/tidegate/dist/hosts/cli/cli.js", "start", "--app", "app.ts"]
`;
}

export function dockerIgnoreFile(): string {
  return ['node_modules', '.env', '.env.*', '.tidegate', '.wrangler', '.git', 'cdk.out', 'dist', '*.log', ''].join(
    '\n',
  );
}

function secretsOf(app: NewApp): string[] {
  return feedPartsOf(app).flatMap(({ variables }) => variables.map(({ name }) => name));
}
