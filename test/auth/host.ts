/** A host over the rich app for a test. The header `Authorization` says the scopes of the caller, or who it is. */
import { onTestFinished } from 'vitest';
import type { Principal } from '../../src/base/principal.ts';
import { type Log, type Runtime, systemRuntime } from '../../src/base/runtime.ts';
import type { App } from '../../src/declare/app.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { Host, HostOptions } from '../../src/hosts/http-host.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { type CountedStore, countCalls } from '../../src/store/counting.ts';
import { RICH_VARIABLES, richApp } from './rich-app.ts';

export const SECRETS = { current: 'a secret of a test, which guards nothing', previous: null };

/** A caller of the tenant `acme` whose scopes the header names, with spaces between them. */
export function bySaying({ headers }: Request): Principal {
  const scopes = (headers.get('authorization') ?? '').split(' ').filter((scope) => scope !== '');
  return { tenant: 'acme', subject: 'ada', client: null, scopes };
}

export interface Stage {
  host: Host;
  store: CountedStore;
  runtime: Runtime;
  app: App;
  logged: string[];
}

export interface StageOptions extends Partial<HostOptions> {
  /** Epoch ms; default: the system's. */
  clock?: () => number;
  /** What is reached outside. Default: a fetch that fails, and no connections. */
  outside?: Partial<Pick<Runtime, 'fetch' | 'connect'>>;
}

export function stageOf({ clock = Date.now, outside = {}, ...options }: StageOptions = {}, app: App = richApp): Stage {
  const logged: string[] = [];
  const log: Log = (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const runtime: Runtime = {
    ...systemRuntime(log),
    now: clock,
    fetch: () => Promise.reject(new Error('a test reaches no network')),
    variable: (name) => RICH_VARIABLES[name] ?? null,
    ...outside,
  };
  const store = countCalls(options.store ?? createMemoryStore());
  const host = createHost({
    app,
    runtime,
    secrets: SECRETS,
    authenticate: bySaying,
    tenants: () => ['acme'],
    ...options,
    store: store.store,
  });
  onTestFinished(() => host.close());
  return { host, store, runtime, app, logged };
}
