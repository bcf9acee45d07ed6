/**
 * The seam for engines. A driver is its name, the environment variables that it reads, and the function that opens a
 * store. It is small, so that a host can check the environment without loading any engine's client; `open` loads what it
 * needs. `store.ts` says what a store has to guarantee, and the contract suite checks it.
 */
import type * as z from 'zod';
import type { Config } from '../base/config/config.ts';
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store, StoreTransfer } from './store.ts';

/** The values of a driver's variables, after every check has passed. */
export type DriverValues<Variables extends z.ZodRawShape> = z.output<z.ZodObject<Variables>>;

export interface StoreDriver<Variables extends z.ZodRawShape = z.ZodRawShape> {
  /** The value of `STORE` that chooses it. */
  name: string;
  /**
   * The environment variables that it reads, each with its check, whose message begins with `expected`. One that is not
   * optional has to be set where this driver is chosen. One that is set is checked even where another driver is chosen.
   */
  variables: Variables;
  /** What is wrong with the values taken together. Called only where the driver is chosen. Default: nothing. */
  problems?(values: Partial<DriverValues<Variables>>): { field: string; expected: string }[];
  /**
   * Opens the store of an app. Apps that share an engine do not see each other's data; a file belongs to one app.
   * @throws TidegateError `invalid_config` naming the variable that is wrong. An engine that cannot be reached is found by `ping`.
   */
  open(values: DriverValues<Variables>, lent: { app: string; runtime: Runtime }): Promise<Store>;
  /**
   * The file that holds the data. A host on Node makes its folder and keeps a secret beside it. Absent: there is none.
   */
  file?(values: DriverValues<Variables>, app: string): string;
  /** The variable that says which file that is, to be named where its folder cannot be made. Absent: none does. */
  fileVariable?: Extract<keyof Variables, string>;
  /** True where the data ends with the process. */
  isVolatile?: boolean;
  /** The variable that says where the engine is, to be named where it does not answer. Absent: there is none. */
  address?(values: DriverValues<Variables>): { field: string; expected: string };
}

/** What was seen of how an engine is set up, for `tidegate doctor`. `skip`: it does not say. */
export interface EngineFact {
  status: 'ok' | 'warn' | 'fail' | 'skip';
  /** One line. */
  what: string;
  why?: string;
  /** What to do about it. */
  fix?: string;
}

/** What whoever looks at an engine is lent. */
export interface Inspecting {
  runtime: Runtime;
  /** Is told by how many ms the clock of the engine is ahead of the runtime's. */
  tellClock: (where: string, aheadMs: number) => void;
}

/** The driver that the configuration names. @throws TidegateError `invalid_config` where it is none of these. */
export function driverOf(drivers: readonly StoreDriver[], { store }: Pick<Config, 'store'>): StoreDriver {
  const driver = drivers.find(({ name }) => name === store.name);
  if (driver) return driver;
  throw new TidegateError('invalid_config', `STORE is ${store.name}, which this host is built without`, {
    field: 'STORE',
    expected: `one of ${drivers.map(({ name }) => name).join(', ')}, which are built in`,
  });
}

/** Opens the store that the configuration names. Errors as `driverOf` and the driver's `open`. */
export async function openFrom(
  drivers: readonly StoreDriver[],
  config: Pick<Config, 'store'>,
  runtime: Runtime,
  app: string,
): Promise<Store> {
  return driverOf(drivers, config).open(config.store.values, { app, runtime });
}

/** Gets at all that is stored (`StoreTransfer`). @throws TidegateError `not_supported` where the driver has none, or the bundle of this host left it out */
export async function transferOf(store: Store): Promise<StoreTransfer> {
  const transfer = await store.transfer?.().catch((cause: unknown) => {
    if (cause instanceof TidegateError) throw cause;
    throw unsupported(store, cause);
  });
  if (transfer === undefined) throw unsupported(store);
  return transfer;
}

function unsupported({ name }: Store, cause?: unknown): TidegateError {
  return new TidegateError('not_supported', `all of a ${name} store cannot be read here`, {
    expected: 'the command tidegate on Node, with the same variables, and a driver that has `transfer`',
    cause,
  });
}
