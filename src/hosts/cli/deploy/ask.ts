/** Asks on the terminal. What is typed in answer to a hidden question is not shown. Elsewhere nobody is asked. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { TidegateError } from '../../../base/errors.ts';

export interface Asker {
  /** Whether somebody can be asked. */
  isThere: boolean;
  ask: (question: string) => Promise<string>;
  askHidden: (question: string) => Promise<string>;
}

/** Questions go to standard error, so that what is printed can be piped. */
export function createAsker(): Asker {
  const { stdin, stderr } = process;
  async function answer(question: string, isHidden: boolean): Promise<string> {
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    if (isHidden) stderr.write(question);
    const lines = createInterface({ input: stdin, output: isHidden ? silent : stderr, terminal: true });
    const ended = new Promise<never>((_, reject) => {
      const end = () => reject(new TidegateError('cancelled', 'nothing was answered, and nothing was made'));
      lines.once('close', end).once('SIGINT', () => lines.close());
    });
    try {
      return (await Promise.race([lines.question(isHidden ? '' : question), ended])).trim();
    } finally {
      ended.catch(() => {});
      lines.close();
      if (isHidden) stderr.write('\n');
    }
  }
  return {
    isThere: stdin.isTTY && stderr.isTTY,
    ask: (question) => answer(question, false),
    askHidden: (question) => answer(question, true),
  };
}
