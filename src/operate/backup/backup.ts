/** `backup`: all that the app has in its store, as one file that any store can be made from. */
import * as z from 'zod';
import type { OperateContext } from '../action.ts';
import { operatorAction } from '../action.ts';
import { backupText } from './backup-text.ts';
import { callersFiles } from './files.ts';
import { zipped } from './zip.ts';

export const FileInput = z.string().min(1).describe('The file; - is standard output');

export const BackupMade = z.object({
  file: z.string(),
  bytes: z.number().describe('Of the file, as it is zipped'),
  records: z.number(),
  logs: z.number(),
  entries: z.number(),
});

export const backup = operatorAction({
  noun: 'backup',
  verb: '',
  description:
    'Writes all that the app has in its store to one file, from which a store of any driver can be made. The app may go on meanwhile. ' +
    'The file is for its owner alone: it holds events, tasks and addresses of receivers as they are.',
  input: z.strictObject({ file: FileInput }),
  words: ['file'],
  output: BackupMade,
  effect: 'reads',
  only: 'command',
  run: ({ file }, context) => writeBackup(file, null, context),
  lines: (made) => linesOfBackup(made),
});

/** @param tenant whose data alone; null: of all */
export async function writeBackup(
  file: string,
  tenant: string | null,
  context: OperateContext,
): Promise<z.output<typeof BackupMade>> {
  const { deps, progress, signal, release } = context;
  let counts = { records: 0, logs: 0, entries: 0 };
  async function* text(): AsyncGenerator<string> {
    const blocks = backupText(deps, {
      tenant,
      release,
      progress: (done) => progress(done, null, 'records and entries'),
    });
    for (let block = await blocks.next(); ; block = await blocks.next()) {
      // A backup that was broken off has no end, so it is written nowhere.
      signal.throwIfAborted();
      if (block.done === true) {
        counts = block.value;
        return;
      }
      yield block.value;
    }
  }
  const { bytes } = await callersFiles(context).write(file, zipped(text()));
  return { file, bytes, ...counts };
}

export function linesOfBackup({ file, bytes, records, logs, entries }: z.output<typeof BackupMade>): string[] {
  const where = file === '-' ? 'standard output' : file;
  return [`${records} records and ${entries} entries of ${logs} logs are in ${where}: ${bytes} bytes.`];
}
