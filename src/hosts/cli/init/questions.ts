/** Asks at a terminal what the arguments did not say. What is asked goes to standard error. */
import { createInterface } from 'node:readline/promises';

interface InitQuestion<Answer> {
  /** With what an empty line means: `Which feeds (push, http)?` */
  text: string;
  /** @throws an Error whose message says what is wrong, after which it is asked again */
  read: (line: string) => Answer;
}

/** Null where nobody answers: at the end of the input, or after Ctrl-C. */
export async function ask<Answer>({ text, read }: InitQuestion<Answer>): Promise<Answer | null> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const ended = new Promise<null>((resolve) => terminal.once('close', () => resolve(null)));
    for (;;) {
      const line = await Promise.race([terminal.question(`${text} `), ended]);
      if (line === null) return null;
      try {
        return read(line.trim());
      } catch (thrown) {
        process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
      }
    }
  } finally {
    terminal.close();
  }
}

/** Whether a person sits there who can be asked. */
export function canAsk(environment: NodeJS.ProcessEnv): boolean {
  const { CI: ci = '' } = environment;
  return process.stdin.isTTY && process.stderr.isTTY && (ci === '' || ci === 'false' || ci === '0');
}
