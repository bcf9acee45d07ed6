/** Holds the server's messages against the official JSON schemas, in a process that has what checks them. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startClient } from './client-process.ts';
import { install } from './install.ts';
import type { ServerMessage } from './tape.ts';

export interface Schemas {
  /** What is wrong, a line for each message; nothing where all are well. */
  check(messages: readonly ServerMessage[]): Promise<string[]>;
  close(): Promise<void>;
}

const AT_ONCE = 200;

/** @param folder with `<revision>/schema.json`, or with such a folder named `schema` in it
 * @throws Error where there is none */
export async function openSchemas(folder: string): Promise<Schemas> {
  const found = [folder, join(folder, 'schema')].find((each) => existsSync(join(each, '2025-11-25/schema.json')));
  if (found === undefined) throw new Error(`${folder} has no <revision>/schema.json`);
  const checker = startClient(await install('schemas'));
  await checker.ask('open', resolve(found));
  return {
    async check(messages) {
      const faults: string[] = [];
      for (let from = 0; from < messages.length; from += AT_ONCE) {
        const some = messages.slice(from, from + AT_ONCE);
        const found = (await checker.ask('check', some)) as string[][];
        faults.push(...found.flatMap((each, i) => (each.length === 0 ? [] : [faultLine(some[i], each)])));
      }
      return faults;
    },
    close: () => checker.close(),
  };
}

function faultLine(message: ServerMessage | undefined, faults: string[]): string {
  const shown = JSON.stringify(message?.message).slice(0, 200);
  return `${message?.revision} ${message?.method ?? 'by itself'}: ${faults.join('; ')} in ${shown}`;
}
