/** Asks a person at a terminal before something is destroyed. Elsewhere nobody could answer, and `--yes` has to be there. */
import { createInterface } from 'node:readline/promises';
import { oneLine } from '../../../base/plain.ts';

/** Null: go on. @returns what is wrong with the call, or the word of who said no */
export async function refusal(warning: string, called: string, signal: AbortSignal): Promise<'no' | string | null> {
  const [input, output] = [process.stdin, process.stderr];
  if (!input.isTTY || !output.isTTY) {
    return `${called} cannot be undone, and here is nobody to ask: add --yes\n  ${oneLine(warning)}`;
  }
  const asking = createInterface({ input, output });
  try {
    const answer = await asking.question(`${oneLine(warning)}\nGo on? Type yes: `, { signal }).catch(() => '');
    return answer.trim().toLowerCase() === 'yes' ? null : 'no';
  } finally {
    asking.close();
  }
}
