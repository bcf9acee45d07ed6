/** What `tidegate doctor` finds, and what each of its checks is. Types alone. */
import type { Config } from '../../../base/config/config.ts';
import type { Runtime } from '../../../base/runtime.ts';
import type { App } from '../../../declare/app.ts';
import type { EnvFile } from '../kit/env-file.ts';
import type { Store } from '../../../store/store.ts';

export const PLATFORMS = ['node', 'workers', 'lambda'] as const;
export type PlatformName = (typeof PLATFORMS)[number];

export interface DoctorFinding {
  /** `warn` works, and may not for long; `fail` does not; `skip` could not be looked at, or was not asked for. */
  status: 'ok' | 'warn' | 'fail' | 'skip';
  /** One line. */
  what: string;
  why?: string;
  /** What to do about it. */
  fix?: string;
}

/** What the checks look at. The first ones find it, and those behind them use it: null where it could not be had. */
export interface Examined {
  readonly platform: PlatformName;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runtime: Runtime;
  /** Variables that stand in a file; null: none was read. */
  readonly envFile: EnvFile | null;
  /** The app's file; null: the built-in app. */
  readonly file: string | null;
  config: Config | null;
  app: App | null;
  store: Store | null;
  /** By how many ms clocks of others are ahead of this one, by where they were read. */
  readonly clocks: Map<string, number>;
}

export interface DoctorCheck {
  name: string;
  /** After so long it is given up, ms. */
  mostMs: number;
  /** What it throws is a finding that fails. It changes nothing in the app's data. */
  run(examined: Examined, signal: AbortSignal): Promise<DoctorFinding[]>;
}

/** A check with what it found. */
export interface CheckResult {
  check: string;
  ms: number;
  findings: DoctorFinding[];
}
