/** A child process of the follower runs: it is told to go and to stop, can be frozen and thawed, and is never left behind. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { AppenderNote } from './appender.ts';
import { until } from './until.ts';

export interface Child {
  /** The counts that it last told. */
  note: { begun: number; done: number };
  go(): void;
  /** Asks it to end after what it is at. @throws where it ended otherwise than asked */
  stop(): Promise<void>;
  /** Resolves when it stands still, and all that it said before has been heard. */
  freeze(): Promise<void>;
  thaw(): void;
  kill(): void;
}

/** @param file beside this one */
export async function startChild(file: string, settings: object): Promise<Child> {
  const child = fork(join(import.meta.dirname, file), [JSON.stringify(settings)]);
  const note = { begun: 0, done: 0 };
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  // What it said last may be heard only after it ended.
  const ended = Promise.all([exited, once(child, 'disconnect')]).then(([status]) => status);
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void ended.then(() => process.removeListener('exit', killWithUs));
  const ready = Promise.withResolvers<void>();
  void ended.then(([code]) => ready.reject(new Error(`${file} ended with status ${code}`)));
  child.on('message', (message) => {
    if (message === 'ready') ready.resolve();
    else Object.assign(note, message as AppenderNote);
  });
  await ready.promise;
  return {
    note,
    go: () => void child.send('go'),
    async stop() {
      if (child.connected) child.send('stop');
      const [code, signal] = await ended;
      if (code !== 0) throw new Error(`${file} ended with status ${code ?? signal}`);
    },
    async freeze() {
      child.kill('SIGSTOP');
      await until('a process stands still', () => isStopped(child));
      for (let turns = 0; turns < 3; turns += 1) await turn();
    },
    thaw: () => void child.kill('SIGCONT'),
    kill: () => void child.kill('SIGKILL'),
  };
}

function isStopped({ pid }: ChildProcess): boolean {
  // Linux may have no `ps`, others have no /proc.
  const state =
    process.platform === 'linux'
      ? (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? '')
      : execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' });
  return state.startsWith('T');
}
