/** The server that is flooded, in a process of its own: what `tidegate start` runs, on a file of sqlite with a backlog. */
import { createLog } from '../../src/hosts/log.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { findStream } from '../../src/streams/find-stream.ts';
import { publishMany } from '../../src/streams/log/publish-many.ts';
import { scopeOf } from '../../src/streams/scope.ts';
import { app, BACKLOG, backlogEvent } from './app.ts';

const AT_ONCE = 85;

const config = readConfig(process.env, 'sqlite');
const runtime = nodeRuntime(createLog(config.logLevel));
const serving = await serve(config, app, runtime);
const scope = scopeOf(serving.deps, { tenant: 'public' });
for (let from = 0; from < BACKLOG; from += AT_ONCE) {
  const events = Array.from({ length: Math.min(AT_ONCE, BACKLOG - from) }, (_, at) => backlogEvent(from + at));
  await publishMany(scope, findStream(app, 'backlog'), events, { once: null, deadline: Date.now() + 10_000 });
}
console.log(`listening at ${serving.url}`);
process.once('SIGTERM', () => void serving.stop());
