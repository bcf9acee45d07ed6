/** The settings of an HTTP tool: its own option, else its API's, else the default. Pure. */
import type { HttpDefaults, RateLimit } from '../declare/http-api.ts';
import type { HttpSpec } from '../declare/http-tool.ts';

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

export function settingsOf(tool: string, spec: HttpSpec): Settings {
  const { api } = spec;
  const scope = api ? `api:${api.name}` : `tool:${tool}`;
  const limits = [...scoped(api?.rateLimit, scope), ...scoped(spec.rateLimit, `tool:${tool}`)];
  return {
    label: api?.name ?? hostOf(spec.url),
    scope,
    base: api?.url.replace(/\/+$/, '') ?? '',
    limits: limits.toSorted((a, b) => a.perMs - b.perMs),
    errors: spec.errors ?? api?.errors ?? null,
    timeoutMs: spec.timeoutMs ?? api?.timeoutMs ?? 10_000,
    maxBytes: spec.maxBytes ?? api?.maxBytes ?? 2 * 1024 * 1024,
    allow: spec.allow ?? api?.allow ?? [],
    arrays: spec.arrays ?? api?.arrays ?? 'join',
    retries: spec.retries ?? api?.retries ?? 2,
    waitMs: spec.waitMs ?? api?.waitMs ?? 2_000,
  };
}

function scoped(limit: RateLimit | readonly RateLimit[] | undefined, scope: string): ScopedLimit[] {
  const limits: readonly RateLimit[] = limit === undefined ? [] : 'requests' in limit ? [limit] : limit;
  return limits.map(({ requests, perMs }) => ({ requests, perMs, scope }));
}

function hostOf(url: HttpSpec['url']): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).host : 'the API';
}
