/** `restore`: a store from a backup; `resume`: lets it act. */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { isoTime } from '../../base/time/time-text.ts';
import { operatorAction } from '../action.ts';
import { callersFiles } from './files.ts';
import { restoreStore } from './restore.ts';
import { resumeStore } from './resume.ts';
import { unzipped } from './zip.ts';

export const restore = operatorAction({
  noun: 'restore',
  verb: '',
  description:
    'Fills an empty store of any driver with a backup. No process of the app may run on the store meanwhile: where one is known to, it is refused. Begun again after an ' +
    'interruption, it goes on. Deliveries and tasks are held until tidegate resume, so that a copy beside a running original sends and ' +
    'does nothing twice; feeds go on from where they stood. Cursors that clients hold read as truncated.',
  input: z.strictObject({
    file: z.string().min(1).describe('The file; it is read twice, so standard input will not do'),
    replace: z
      .boolean()
      .default(false)
      .describe('Remove what the app has in the store first; of a file of one tenant, what that tenant has'),
    evenIfRunning: z
      .boolean()
      .default(false)
      .describe(
        'Also where a process of the app is known to run on the store. What it writes meanwhile is mixed into what is restored',
      ),
    resume: z.boolean().default(false).describe('Hold nothing: the original is gone, and this takes its place'),
  }),
  words: ['file'],
  output: z.object({
    from: z.string().describe('Version of the app, driver and release that it is from'),
    at: z.string().describe('When the backup was begun, ISO 8601'),
    tenant: z.string().nullable(),
    records: z.number(),
    logs: z.number(),
    entries: z.number(),
    held: z.number().describe('Records that wait for tidegate resume'),
    continued: z.boolean(),
  }),
  effect: 'destroys',
  lesser: ({ replace }) => (replace ? 'destroys' : 'changes'),
  only: 'command',
  warning: ({ file }) =>
    `All that the app has in the store is removed, and ${file} takes its place; of a tenant's file, what that tenant has.`,
  async run({ file, replace, evenIfRunning, resume: isResumed }, context) {
    const files = callersFiles(context);
    if (file === '-') {
      throw new TidegateError('invalid_input', 'a backup is read twice: once to check it, once to restore it', {
        field: 'FILE',
        expected: 'a file',
      });
    }
    const { deps, progress } = context;
    const open = () => unzipped(files.read(file));
    const { signal } = context;
    const report = await restoreStore(deps, { open, replace, evenIfRunning, hold: !isResumed, progress, signal });
    const { head, records, logs, entries, held, continued } = report;
    const release = head.release == null ? '' : `, tidegate ${head.release}`;
    const from = `${head.app} ${head.version}, ${head.driver}${release}`;
    return { from, at: isoTime(head.at), tenant: head.tenant, records, logs, entries, held, continued };
  },
  lines: ({ from, at, tenant, records, logs, entries, held, continued }) => [
    `${continued ? 'Went on with' : 'Restored'} ${records} records and ${entries} entries of ${logs} logs, of ${from}, ${at}${tenant === null ? '' : `: of the tenant ${tenant} alone`}.`,
    held === 0
      ? 'Nothing is held.'
      : `${held} records are held: deliveries are not sent and tasks do not go on until tidegate resume.`,
  ],
});

export const resumeCopy = operatorAction({
  noun: 'resume',
  verb: '',
  description:
    'Lets a restored store act: deliveries are sent and tasks go on, from where they stood in the backup. Do it once the original is gone.',
  input: z.strictObject({}),
  output: z.object({
    resumed: z.number(),
    changed: z.number().describe('Records that somebody had changed meanwhile, and that stay so'),
  }),
  effect: 'destroys',
  warning: () =>
    'Deliveries are sent and tasks go on from where the backup had them: a second time, where the original still runs. Nothing holds them again.',
  run(_input, { deps, progress, signal, ofApp }) {
    if (ofApp) return resumeStore(deps, progress, signal);
    throw new TidegateError('invalid_input', 'a copy is held for all tenants', {
      field: 'tenant',
      expected: `an operator of the tenant ${APP_TENANT}, or the command`,
    });
  },
  lines: ({ resumed, changed }) => [
    resumed + changed === 0
      ? 'Nothing was held.'
      : `${resumed} records are due again${changed === 0 ? '' : `; ${changed} had changed meanwhile, and stay so`}.`,
  ],
});
