/**
 * What a host would refuse of its variables at its start, in words for whoever deploys. A secret whose value is not known here counts as
 * a right one. Pure, but for what the app itself does when it is looked at.
 */
import { AUTH_VARIABLES } from '../../base/config/auth.ts';
import { type Config, readEnvironment, type StoreChoice } from '../../base/config/config.ts';
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { App } from '../../declare/app.ts';
import { startMistake, UNKNOWN_VALUE } from './check-start.ts';
import type { PlatformFinding } from './finding.ts';

interface JudgedVariables {
  app: App;
  /** As they stand in the open. */
  open: Readonly<Record<string, unknown>>;
  /** Secrets that are there, or will be put: their values, null where those are not known. */
  secrets: ReadonlyMap<string, string | null>;
  stores: StoreChoice;
  /** Where a variable that stands in the open is said, in words, such as `STORE under [vars]`. */
  placeOf: (name: string) => string;
}

/** @returns the configuration; null where it is wrong */
export function judgeVariables(judged: JudgedVariables): { config: Config | null; findings: PlatformFinding[] } {
  const { app, open, secrets, stores, placeOf } = judged;
  const values = [...secrets].map(([name, value]) => [name, value ?? unknownValue(name)] as const);
  const environment = { ...open, ...Object.fromEntries(values) };
  const unknown = [...secrets].flatMap(([name, value]) => (value === null ? [name] : []));
  const told = (error: TidegateError) => findingOf(error, (name) => (secrets.has(name) ? name : placeOf(name)));
  const findings: PlatformFinding[] = [];
  let config: Config | null = null;
  try {
    config = readEnvironment(environment, stores);
  } catch (thrown) {
    findings.push(told(asTidegateError(thrown)));
  }
  const refused = startMistake(app, unknown, environment);
  // A variable that cannot be read is told already.
  if (refused !== null && refused.field !== findings[0]?.field) findings.push(told(refused));
  return { config, findings };
}

/** It is long enough for a token, and for a key; and an address where the name says that it is one. */
function unknownValue(name: string): string {
  return name.endsWith('_URL') ? 'https://unknown.example' : UNKNOWN_VALUE;
}

function findingOf({ field, message, expected, hint }: TidegateError, placeOf: (name: string) => string) {
  const name = field ?? 'app';
  const isVariable = Object.hasOwn(AUTH_VARIABLES, name) || /^[A-Z][A-Z\d_]*$/.test(name);
  const fix =
    hint ??
    `${isVariable ? placeOf(name) : name}: expected ${(expected ?? 'something else').replace(/^expected /, '')}`;
  return { level: 'error', field: name, message, fix } as const;
}
