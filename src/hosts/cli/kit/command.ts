/** What a command of the command line is: a function of its arguments and of what it is lent. */
import type { App } from '../../../declare/app.ts';
import type { EnvFile } from './env-file.ts';

export interface CommandCall {
  /** Behind the name of the command. */
  args: string[];
  /** @param file of an app of the operator's own; null: that of this folder, and where there is none the built-in one, if it is meant. @throws TidegateError `invalid_config` */
  loadApp: (file: string | null) => Promise<App>;
  environment: NodeJS.ProcessEnv;
  /** What `.env` added to the environment. Absent or null: it was not read. */
  envFile?: EnvFile | null;
  /** Says what is wrong with the call; answers the exit status. */
  misused: (message: string) => number;
  /** Takes a line of what it tells. Default: standard output. */
  print?: (line: string) => void;
}

/** Answers the exit status. @throws TidegateError for a mistake of the operator's, which is shown without a stack. */
export type RunCommand = (call: CommandCall) => Promise<number>;
