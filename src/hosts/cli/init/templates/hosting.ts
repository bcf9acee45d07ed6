/** What a new app is deployed with in a container. What Cloudflare and AWS take is made in `hosts/platforms`. Pure. */

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
  return [
    'node_modules',
    '.env',
    '.env.*',
    '.tidegate',
    '.wrangler',
    '.git',
    'cdk.out',
    'dist',
    '*.log',
    '*.gz',
    '*.ndjson',
    '',
  ].join('\n');
}
