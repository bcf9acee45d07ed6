/** Makes an app whose HTTP tools can run: each gets the guarded fetch, the store of its request, and its secrets. */
import type { App } from '../declare/app.ts';
import type { Tool, ToolAnswer } from '../declare/tool.ts';
import type { ToolContext } from '../declare/context.ts';
import { type HttpTool, isHttpTool } from '../declare/http-tool.ts';
import { TidegateError, invalidConfig } from '../base/errors.ts';
import { checkTarget } from '../net/fetch-target.ts';
import { createGuardedFetch, type GuardedFetch } from '../net/guarded-fetch.ts';
import { headerExpected } from '../net/request-headers.ts';
import { accounted, type AppDeps } from '../calls/context.ts';
import { callTool } from './call-tool.ts';
import { ofArguments } from './declared-function.ts';
import { createFlights } from './flights.ts';
import { markOf } from './kept-answers.ts';
import type { ToolInput } from './request.ts';
import { openSecrets, type ReadVariable } from '../declare/check/open-secrets.ts';
import { type ToolSecrets, secretsIn } from './secrets.ts';
import { type Settings, settingsOf } from './settings.ts';

/**
 * Answers the same app where it has no HTTP tools.
 * @throws TidegateError `invalid_config` for a secret that is not set, an address that may not be asked, a header that
 * cannot be sent.
 */
export function bindHttpTools(deps: AppDeps, variable: ReadVariable): App {
  const { app } = deps;
  if (![...app.tools.values()].some(isHttpTool)) return app;
  const fetch = createGuardedFetch(deps.runtime);
  const bound = [...app.tools].map(([name, tool]): [string, Tool] => [
    name,
    isHttpTool(tool) ? bindOne(deps, name, tool, fetch, variable) : tool,
  ]);
  return { ...app, tools: new Map(bound) };
}

function bindOne(deps: AppDeps, name: string, tool: HttpTool, fetch: GuardedFetch, variable: ReadVariable): Tool {
  const { http: spec, output } = tool;
  const secrets = openSecrets(`the tool ${name}`, secretsIn(spec), variable);
  const settings = settingsOf(name, spec, secrets.valueOf);
  checkAddress(name, tool, settings, secrets);
  checkHeaders(name, tool, secrets);
  const flights = createFlights<ToolAnswer>(deps.runtime);
  const about = JSON.stringify([deps.app.version, name, settings.base, String(spec.url)]);

  async function run(input: ToolInput | undefined, context: ToolContext): Promise<ToolAnswer> {
    const { store, runtime } = accounted(deps, context);
    const given = input ?? {};
    const left = { waitMs: settings.waitMs, bytes: settings.maxBytes };
    const schema = output ?? null;
    const call = { tool: name, spec, settings, secrets, schema, input: given, context, runtime, store, fetch, left };
    if (!spec.cache) return callTool(call, null);
    const { key: keyOf } = spec.cache;
    const known = keyOf ? ofArguments(call, 'cache.key', () => keyOf({ ...given })) : given;
    const mark = await markOf(about, spec.cache, known);
    if (mark === null) return callTool(call, null);
    const key = `${context.principal.tenant} ${mark.digest}`;
    return flights.share(key, context.signal, settings.timeoutMs, () => callTool(call, mark));
  }

  return { ...tool, run };
}

function checkAddress(
  name: string,
  { http: { url, api } }: HttpTool,
  { base, allow }: Settings,
  { redact }: ToolSecrets,
): void {
  const origin = base === '' && typeof url === 'string' ? new URL(url).origin : base;
  try {
    checkTarget(origin, allow);
  } catch (thrown) {
    const field = typeof api?.url === 'object' ? api.url.name : `tools.${name}.${api ? 'api.url' : 'url'}`;
    const { message, hint } = thrown as TidegateError;
    throw new TidegateError('invalid_config', `${field}: ${redact(message)}`, {
      field,
      expected: 'an https URL of a public host, or one whose host is in allow',
      ...(hint === null ? {} : { hint: redact(hint) }),
    });
  }
}

/** Checks headers whose value is known before a call: constants and secrets. No error shows the value of a secret. */
function checkHeaders(name: string, { http }: HttpTool, secrets: ToolSecrets): void {
  for (const [header, value] of Object.entries({ ...http.api?.headers, ...http.headers })) {
    if (typeof value === 'function') continue;
    const isSecret = typeof value === 'object';
    const sent = isSecret ? secrets.valueOf(value) : String(value);
    const expected = headerExpected(header, sent ?? '');
    if (expected === null) continue;
    const field = isSecret && headerExpected(header, '') === null ? value.name : `tools.${name}.headers.${header}`;
    throw invalidConfig(field, expected);
  }
}
