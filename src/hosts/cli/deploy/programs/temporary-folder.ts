/**
 * Folders that are gone when the command is over, however it is ended: programs that it started end first. One that is killed leaves
 * what it has, in a place that no repository keeps, and the next command removes it.
 */
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface TemporaryFolder {
  path: string;
  remove: (this: void) => void;
}

/** What is older was left behind, ms: no command looks at anything for so long. */
const LEFT_MS = 3_600_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const standing = new Set<TemporaryFolder>();
const running = new Set<ChildProcess>();

/** @param parent is made where it is missing, and removed where nothing else has come to stand in it. Default: the system's */
export function temporaryFolder(prefix: string, parent?: string): TemporaryFolder {
  const at = parent ?? tmpdir();
  const wasThere = existsSync(at);
  mkdirSync(at, { recursive: true });
  removeLeft(at, prefix);
  const path = mkdtempSync(join(at, prefix));
  const folder: TemporaryFolder = {
    path,
    remove() {
      standing.delete(folder);
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
      if (!wasThere) removeEmpty(at);
    },
  };
  if (standing.size + running.size === 0) obeySignals();
  standing.add(folder);
  return folder;
}

/** Passes signals on to a program for as long as it runs. */
export function endsWithUs(child: ChildProcess): void {
  if (standing.size + running.size === 0) obeySignals();
  running.add(child);
  child.once('close', () => running.delete(child));
}

/** Whether a signal is ending the command: what its programs say then is no mistake of theirs. */
export function isEnding(): boolean {
  return ending;
}

let ending = false;
let isObeying = false;

function obeySignals(): void {
  if (isObeying) return;
  isObeying = true;
  for (const signal of SIGNALS) {
    process.on(signal, () => void end(signal));
  }
}

/** A second signal ends it at once. */
async function end(signal: NodeJS.Signals): Promise<void> {
  const isFirst = !ending;
  ending = true;
  if (isFirst) {
    const ended = [...running].map((child) => new Promise((resolve) => child.once('close', resolve)));
    for (const child of running) child.kill(signal);
    await Promise.all(ended);
  }
  for (const folder of standing) folder.remove();
  for (const each of SIGNALS) process.removeAllListeners(each);
  process.kill(process.pid, signal);
}

function removeLeft(parent: string, prefix: string): void {
  for (const name of readdirSync(parent).filter((each) => each.startsWith(prefix))) {
    const path = join(parent, name);
    try {
      if (Date.now() - statSync(path).mtimeMs > LEFT_MS) rmSync(path, { recursive: true, force: true });
    } catch {
      // It is somebody else's, or is gone by now.
    }
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something else has come to stand there.
  }
}
