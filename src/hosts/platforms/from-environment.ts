/**
 * What a host takes of its environment, the same on every platform: the store, who calls, what seals, where the server is known, and a
 * word about what is missing or misspelt. Every host goes by it: one that does not would be open whatever `AUTH` says. It knows no
 * platform, and starts nothing.
 */
import type { Config } from '../../base/config/config.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Secrets } from '../../base/seal.ts';
import type { App } from '../../declare/app.ts';
import { watchClock } from '../../store/clock-watch.ts';
import type { Store } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { callersOf, isOpen, type KnownCallers, tellOpen } from '../callers.ts';
import type { CallerOptions, HostOptions } from '../http-host.ts';
import { checkMisspelt } from '../misspelt.ts';

interface EnvironmentGiven {
  config: Config;
  app: App;
  /** What the platform has. The variables of the app come from `config`. */
  runtime: Runtime;
  /** What the app or its operator gave to the host. */
  own: CallerOptions;
  openStore: (runtime: Runtime) => Promise<Store>;
  /** Judges, and tells, that everyone may call, before the store is opened. Default: it is told, as where everyone reaches the platform. */
  checkOpen?: (runtime: Runtime) => void | Promise<void>;
  /** As `callersOf` takes them. Default: null, none is known. */
  bases?: (() => readonly string[]) | null;
  /** Default: those of the environment. A platform that keeps files may make its own. */
  secrets?: () => Promise<Secrets | null>;
}

/** Options of `createHost`. A host adds what its platform has, and changes none of these. */
type FromEnvironment = Deps &
  KnownCallers & { isOpen: boolean } & Required<
    Pick<HostOptions, 'publicUrl' | 'allowedOrigins' | 'secrets' | 'feedRequestsPerDay'>
  >;

/** @throws TidegateError `invalid_config` naming a variable that is wrong. The store is closed then. */
export async function fromEnvironment({
  config,
  app,
  runtime: lent,
  own,
  openStore,
  checkOpen = ({ log }) => tellOpen(config, own, log),
  bases = null,
  secrets: findSecrets = async () => config.secrets,
}: EnvironmentGiven): Promise<FromEnvironment> {
  const runtime = { ...lent, variable: config.variable };
  checkMisspelt(config, app, own, runtime.log);
  await checkOpen(runtime);
  const { publicUrl, allowedOrigins, feedRequestsPerDay } = config;
  const store = await openStore(runtime);
  try {
    const watched = watchClock({ app, store, runtime });
    const callers = await callersOf(config, watched, own, bases);
    const secrets = await findSecrets();
    if (secrets === null) tellNoSecret(runtime);
    return {
      ...watched,
      ...callers,
      isOpen: isOpen(config, own),
      publicUrl,
      allowedOrigins,
      feedRequestsPerDay,
      secrets,
    };
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

/** Said at the start, because otherwise the first client that needs it would find out. */
function tellNoSecret({ log }: Runtime): void {
  const expected = 'a random text of at least 32 characters, the same on every instance';
  const message =
    'TIDEGATE_SECRET is not set: there are no sessions and no logins, and a handler that asks somebody fails';
  log('warn', message, { field: 'TIDEGATE_SECRET', expected });
}
