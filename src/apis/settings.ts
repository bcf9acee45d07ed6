/** The settings of an HTTP tool: its own option, else its API's, else the default. Pure. */
import type { HttpDefaults, RateLimit } from '../declare/http-api.ts';
import type { HttpSpec } from '../declare/http-tool.ts';
import type { ReadSecret } from '../declare/secret.ts';
import { httpDefaultsSpec } from '../declare/spec/http-tool.ts';
import { withDefaults } from '../declare/spec/options.ts';

export interface ScopedLimit extends RateLimit {
  scope: string;
}

export interface Settings extends Required<Omit<HttpDefaults, 'errors'>> {
  errors: HttpDefaults['errors'] | null;
  /** For people and models: the API's name, or the host. */
  label: string;
  /** What pauses and limits count for: `api:<name>` or `tool:<name>`. */
  scope: string;
  /** Stands before the tool's URL. */
  base: string;
  /** The shortest window first, because it opens again soonest. */
  limits: readonly ScopedLimit[];
}

export function settingsOf(tool: string, spec: HttpSpec, secret: ReadSecret): Settings {
  const { api } = spec;
  const scope = api ? `api:${api.name}` : `tool:${tool}`;
  const { errors = null, ...own } = withDefaults(httpDefaultsSpec, { ...declared(api ?? {}), ...declared(spec) });
  const limits = [...scoped(api?.rateLimit, scope), ...scoped(spec.rateLimit, `tool:${tool}`)];
  return {
    label: api?.name ?? hostOf(spec.url),
    scope,
    base: baseOf(api, secret),
    limits: limits.toSorted((a, b) => a.perMs - b.perMs),
    errors,
    ...own,
  };
}

/** Those of the shared options that are given. */
function declared(options: HttpDefaults): HttpDefaults {
  const given = Object.keys(httpDefaultsSpec.shape).map((name) => [name, options[name as keyof HttpDefaults]] as const);
  return Object.fromEntries(given.filter(([, value]) => (value ?? null) !== null));
}

function scoped(limit: RateLimit | readonly RateLimit[] | undefined, scope: string): ScopedLimit[] {
  const limits: readonly RateLimit[] = limit === undefined ? [] : 'requests' in limit ? [limit] : limit;
  return limits.map(({ requests, perMs }) => ({ requests, perMs, scope }));
}

function baseOf(api: HttpSpec['api'], secret: ReadSecret): string {
  const base = typeof api?.url === 'object' ? secret(api.url) : api?.url;
  return base?.replace(/\/+$/, '') ?? '';
}

function hostOf(url: HttpSpec['url']): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).host : 'the API';
}
