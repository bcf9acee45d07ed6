/** Asks a person at a terminal before something is destroyed. Elsewhere nobody could answer, and `--yes` has to be there. */
import { createInterface } from 'node:readline/promises';
import { oneLine } from '../../../base/plain.ts';

/** Null: go on. @returns why not, and whether a person said so or the call is wrong */
export async function refusal(
  warning: string,
  called: string,
  signal: AbortSignal,
): Promise<{ why: string; isWrong: boolean } | null> {
  const [input, output] = [process.stdin, process.stderr];
  if (!input.isTTY || !output.isTTY) {
    const why = `${called} cannot be undone, and here is nobody to ask: add --yes\n  ${oneLine(warning)}`;
    return { why, isWrong: true };
  }
  const asking = createInterface({ input, output });
  try {
    const answer = await asking.question(`${oneLine(warning)}\nGo on? Type yes: `, { signal }).catch(() => '');
    return answer.trim().toLowerCase() === 'yes' ? null : { why: 'nothing was done', isWrong: false };
  } finally {
    asking.close();
  }
}
