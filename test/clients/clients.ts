/** The clients, in the order in which they are run. Each has a folder in `packages`, with its manifest and its script. */
import type { Transport } from './servers.ts';

export interface ForeignClient {
  /** Transports over which it is not run, with the reason. */
  left?: Partial<Record<Transport, string>>;
}

export const CLIENTS: Readonly<Record<string, ForeignClient>> = {
  'client-v2': {},
  'sdk-1.32': {},
  'sdk-1.20': {},
  'sdk-1.10': {},
};
