/** The variables that observing reads. They are read where a host observes itself, so no other host knows them. */
import { invalidConfig } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';

interface ObserveVariables {
  /** Whoever brings it may read metrics, and nothing else. Null: it is not set. */
  metricsToken: string | null;
  /** Whether each request is a line of the log at `info`. */
  logsAll: boolean;
}

const LEAST_CHARACTERS = 32;

/** @throws TidegateError `invalid_config`. It shows no value. */
export function observeVariables({ variable }: Pick<Runtime, 'variable'>): ObserveVariables {
  const metricsToken = variable?.('METRICS_TOKEN') ?? null;
  if (metricsToken !== null && !/^[!-~]+$/.test(metricsToken)) {
    throw invalidConfig('METRICS_TOKEN', 'visible ASCII characters without spaces');
  }
  if (metricsToken !== null && metricsToken.length < LEAST_CHARACTERS) {
    throw invalidConfig('METRICS_TOKEN', `at least ${LEAST_CHARACTERS} characters, made at random`);
  }
  const lines = variable?.('LOG_REQUESTS') ?? 'failed';
  if (lines !== 'failed' && lines !== 'all') throw invalidConfig('LOG_REQUESTS', 'failed or all');
  return { metricsToken, logsAll: lines === 'all' };
}
