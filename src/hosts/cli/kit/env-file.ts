/**
 * Reads `.env`, or the file of `--env-file`, for every command that opens an app or a store: all of them find the same store. What
 * the environment says wins. The form is Node's own, `util.parseEnv`.
 */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { TidegateError } from '../../../base/errors.ts';

export interface EnvFile {
  /** As it was named; `.env` where it was not. */
  file: string;
  /** Variables that it set, because the environment did not. */
  set: Readonly<Record<string, string>>;
}

const USUAL_FILE = '.env';
const OPTION = '--env-file';

/** Arguments without `--env-file`, which stands with every command, and its value; null: it is not given. */
export function takeEnvFile(args: readonly string[]): { args: string[]; file: string | null } {
  const end = args.indexOf('--');
  const at = args.findIndex((arg) => arg === OPTION || arg.startsWith(`${OPTION}=`));
  const found = args[at];
  if (found === undefined || (end >= 0 && at > end)) return { args: [...args], file: null };
  const isInline = found.startsWith(`${OPTION}=`);
  const file = isInline ? found.slice(OPTION.length + 1) : (args[at + 1] ?? '');
  return { args: args.toSpliced(at, isInline ? 1 : 2), file };
}

/**
 * What a file adds to an environment.
 * @param file null: `.env`, which need not be there
 * @throws TidegateError `invalid_config` for a file that is not there or cannot be read
 */
export function readEnvFile(file: string | null, environment: NodeJS.ProcessEnv): EnvFile {
  const path = file ?? USUAL_FILE;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as { code?: string };
    // A folder of that name is of something else.
    if (file === null && (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR')) return { file: path, set: {} };
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_config', `the file of variables cannot be read: ${reason}`, {
      field: OPTION,
      expected: 'a file of lines NAME=value that this user may read',
      cause,
    });
  }
  // Editors of Windows write a mark at the beginning, which is part of no name.
  const read = parseEnv(text.replace(/^\uFEFF/, ''));
  // Node takes `--env-file` for its own wherever it stands, and may have set the same before.
  const isOfNode = (name: string, value: string | undefined) => file !== null && environment[name] === value;
  const added = Object.entries(read).filter(
    ([name, value]) => environment[name] === undefined || isOfNode(name, value),
  );
  return { file: path, set: Object.fromEntries(added) as Record<string, string> };
}
