/** The README of a new app: how it is run, asked, tested, changed and deployed. Pure. */
import { type NewApp, feedPartsOf, subjectsOf } from './app-file.ts';
import { AWS_PACKAGES, CLOUDFLARE_PACKAGES } from '../../../platforms/packages.ts';
import type { AppKind } from './feeds.ts';

/** How to see something in the stream of each kind. */
const TRIES: Readonly<Record<AppKind, (app: NewApp) => string>> = {
  push: () => `Push something, with the token that stands in \`.env\`:

\`\`\`sh
curl -d '{"room":"kitchen","celsius":23.5}' -H 'Content-Type: application/json' \\
  -H "Authorization: Bearer $(sed -n 's/^PUSH_TOKEN=//p' .env)" http://127.0.0.1:8787/ingest/rooms
\`\`\`
`,
  http: () => 'The stream `quakes` fills by itself, once a minute, with what USGS publishes.\n',
  mqtt: ({
    topic,
  }) => `Publish something. Everybody reads the public broker that stands in \`.env\`; set \`MQTT_URL\` to one of your own before you deploy:

\`\`\`sh
npx mqtt pub -h test.mosquitto.org -t ${topic}/boilers/boiler-1/temperature -m '{"celsius":81}' -q 1
\`\`\`
`,
  websocket: () =>
    'The stream `prices` fills by itself, with the public ticker of an exchange. It is an example: put a source of your own in its place.\n',
};

/** @param run how the package manager is called, such as `npm` */
export function readmeFile(app: NewApp, run: string): string {
  const [first] = feedPartsOf(app);
  const script = (name: string) => (name === 'start' || name === 'test' ? `${run} ${name}` : `${run} run ${name}`);
  return `# ${app.appName}

${subjectsOf(app)}, as live data for AI agents over MCP. Made with \`tidegate init\`.

\`\`\`sh
${run} install
${script('dev')}     # serves http://127.0.0.1:8787/mcp, and again after each change of a file
\`\`\`

${app.kinds.map((kind) => TRIES[kind](app)).join('\n')}
Ask for the tool \`${first?.tool.name ?? ''}\`, or connect a client:

\`\`\`sh
npx @modelcontextprotocol/inspector@2 --cli http://127.0.0.1:8787/mcp --method tools/call --tool-name ${first?.tool.name ?? ''}
claude mcp add --transport http ${app.appName} http://127.0.0.1:8787/mcp
\`\`\`

| file | what |
| --- | --- |
| \`app.ts\` | the app: what it streams and which tools it has |
| \`app.test.ts\` | its test, without a network: \`${script('test')}\` |
| \`.env\` | variables and secrets, read by every \`tidegate\` command and kept out of git; \`.env.example\` says what they are |
| \`.tidegate/\` | its data |
| \`worker.ts\`, \`wrangler.toml\` | on Cloudflare: \`${script('deploy:cloudflare')}\`, with ${CLOUDFLARE_PACKAGES.join(', ')} installed |
| \`aws.ts\` | on AWS: \`${script('deploy:aws')}\`, with ${AWS_PACKAGES.join(', ')} installed |
| \`Dockerfile\` | in a container: see below |

\`${script('check')}\` checks the types, which nothing else does, and \`${script('doctor')}\` what the app needs to run.

In a container callers bring keys:

\`\`\`sh
docker build -t ${app.appName} . && docker run -d --name ${app.appName} -p 8787:8787 -v ${app.appName}-data:/data --env-file .env ${app.appName}
docker exec ${app.appName} node node_modules/tidegate/dist/hosts/cli/cli.js keys create --name me
\`\`\`
`;
}
