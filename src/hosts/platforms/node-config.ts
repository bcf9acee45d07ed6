/** The configuration of whatever runs on Node: servers, standard input and output, commands. */
import type { Config } from '../../base/config/config.ts';
import { readConfig } from '../../store/drivers/open.ts';
import { STANDARD_STORE } from './standard-store.ts';

/** Errors as `readConfig`. */
export function readNodeConfig(environment: Record<string, string | undefined>): Config {
  return readConfig(environment, STANDARD_STORE.node);
}
