/**
 * `tidegate <noun> <verb>`: an action of `src/operate` on the store that the environment names. What it answers goes to standard output,
 * and everything else, such as logs, progress and questions, to standard error.
 */
import { withAuditLog } from '../../../auth/audit/stream.ts';
import { TidegateError } from '../../../base/errors.ts';
import { knownName } from '../../../base/known-names.ts';
import { readDecimal } from '../../../base/number-text.ts';
import { inLines, jsonText, oneLine } from '../../../base/plain.ts';
import { type Principal, PUBLIC, safePrincipal } from '../../../base/principal.ts';
import { checkedArguments } from '../../../mcp/registry/arguments.ts';
import { actionName, effectOf, type OperateContext, type OperatorAction } from '../../../operate/action.ts';
import { onRecord } from '../../../operate/faces/tools.ts';
import { fit, USUAL_WIDTH } from '../../../operate/table.ts';
import { watchClock } from '../../../store/clock-watch.ts';
import { driverOf } from '../../../store/driver.ts';
import { DRIVERS } from '../../../store/drivers/open.ts';
import { readNodeConfig } from '../../platforms/node-config.ts';
import { auditOf } from '../../audit.ts';
import { createLog } from '../../log.ts';
import { tellMisspelt } from '../../misspelt.ts';
import { nodeRuntime } from '../../node/runtime.ts';
import { nodeSecrets } from '../../node/secrets.ts';
import { openNodeStore } from '../../node/store.ts';
import { withTasks } from '../../task-deps.ts';
import { readArguments } from '../kit/arguments.ts';
import { ownVersion } from '../kit/own-version.ts';
import type { CommandCall, RunCommand } from '../kit/command.ts';
import { explained } from '../kit/explained.ts';
import { isOutputGone } from '../kit/output.ts';
import { refuseVolatile } from '../kit/volatile.ts';
import { refusal } from '../kit/confirm.ts';
import { createFiles } from './files.ts';
import { givenOf, joinedValues, type Member, membersOf, optionsOfMembers } from './options.ts';
import { createProgressBar } from './progress.ts';
import { commandActions, nounUsage, verbsUsage } from './usage.ts';

/** As long as an action may take: whoever waits longer has pressed Ctrl-C. */
const MOST_MS = 7 * 24 * 60 * 60_000;

/** Nouns whose reading actions write what they read to a file that is relied on. */
const KEEPS: readonly string[] = ['backup', 'tenants'];

interface Called {
  action: OperatorAction;
  input: Record<string, unknown>;
  values: { app?: string; tenant?: string; json: boolean; yes: boolean };
}

/** The command of a noun. It answers the exit status: 1 for what was found or failed, 2 for a wrong call, 130 after Ctrl-C. */
export function operateCommand(noun: string): RunCommand {
  return async (call) => {
    const called = readCall(noun, call.args);
    if (typeof called === 'string') return misused(called, noun, call.args[0] ?? '');
    return run(called, call);
  };
}

/** A text: what is wrong with the call. */
function readCall(noun: string, args: readonly string[]): Called | string {
  const actions = commandActions().filter((action) => action.noun === noun);
  const alone = actions.find(({ verb }) => verb === '');
  const [verb = ''] = args;
  const action = actions.find((each) => each.verb === verb) ?? alone;
  if (action === undefined) {
    const verbs = actions.map((each) => each.verb);
    if (verb === '' || verb.startsWith('-')) return `${noun} needs one of ${verbs.join(', ')}`;
    return `there is no command ${noun} ${verb}: expected ${knownName(verb, verbs, 'commands')}`;
  }
  const members = membersOf(action);
  const options = optionsOfMembers(members);
  const rest = action === alone && action.verb === '' ? args : args.slice(1);
  const read = readArguments(joinedValues(rest, options), options, actionName(action));
  if (read.wrong !== null) return read.wrong;
  const most = mostWords(members);
  const extra = read.positionals[most];
  if (extra !== undefined) return `${actionName(action)} takes no word ${extra}`;
  const given = givenOf(members, read.values, read.positionals);
  const missing = members.find(({ isNeeded, name }) => isNeeded && !(name in given));
  if (missing !== undefined) return `${actionName(action)} needs ${missing.label}: ${missing.description}`;
  const checked = checkedArguments(action.input, given, 'nothing');
  if (!checked.ok) {
    const label = members.find(({ name }) => checked.field.split(/[.[]/)[0] === name)?.label ?? checked.field;
    return `${label}: expected ${checked.expected}`;
  }
  return { action, input: checked.input as Record<string, unknown>, values: read.values as Called['values'] };
}

function mostWords(members: readonly Member[]): number {
  const words = members.filter(({ isWord }) => isWord);
  return words.some(({ kind }) => kind === 'list') ? Number.POSITIVE_INFINITY : words.length;
}

async function run({ action, input, values }: Called, call: CommandCall): Promise<number> {
  const { loadApp, environment } = call;
  const print = call.print === undefined ? printed : async (line: string) => call.print?.(line);
  const config = readNodeConfig(environment);
  const isKept = effectOf(action, input) !== 'reads' || KEEPS.includes(action.noun);
  if (isKept) refuseVolatile(config, `nothing would be left of it: set STORE for ${actionName(action)}`);
  // What operators do is on record, which they can read.
  const app = withAuditLog(await loadApp(values.app ?? null));
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  if (effectOf(action, input) === 'destroys' && !values.yes) {
    const warning = action.warning?.(input) ?? action.description;
    const refused = await refusal(warning, actionName(action), stop.signal);
    if (refused !== null) {
      console.error(`tidegate: ${inLines(refused.why.split('\n'))}`);
      return refused.isWrong ? 2 : 1;
    }
  }
  const log = createLog(config.logLevel, { plain: process.stderr.isTTY });
  const runtime = { ...nodeRuntime(log), variable: config.variable };
  tellMisspelt(config, app, runtime.log);
  const store = await openNodeStore(config, runtime, app.name, { isRestoring: action.noun === 'restore' });
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const data = driverOf(DRIVERS, config).file?.(config.store.values, app.name);
  const kept = data === undefined ? [] : ['', '-wal', '-shm', '.secret'].map((end) => `${data}${end}`);
  const files = createFiles({ overwrites: values.yes, kept });
  const progress = createProgressBar({
    isTerminal: process.stderr.isTTY,
    columns: widthOf(process.stderr, environment),
    write: (text) => void process.stderr.write(text),
    now: () => runtime.now(),
  });
  try {
    const watched = watchClock({ app, store, runtime });
    const secrets = await nodeSecrets(config, app.name, effectOf(action, input) !== 'reads');
    const deps = withTasks({ ...watched, audit: auditOf(app, watched), secrets, isOpen: false });
    const { tenant } = await safePrincipal({ ...PUBLIC, tenant: values.tenant ?? PUBLIC.tenant });
    const context: OperateContext = {
      deps,
      tenant,
      ofApp: true,
      by: operatorOf(tenant),
      deadline: runtime.now() + MOST_MS,
      signal: stop.signal,
      progress: progress.tell,
      release: ownVersion(),
      files,
      async tell(item, line) {
        progress.end();
        await print(values.json ? jsonText(item) : oneLine(line));
        // What follows something ends with whoever reads it.
        if (isOutputGone()) stop.abort();
      },
    };
    const answer = await onRecord(action, input, context);
    progress.end();
    const output = files.tookOutput() ? process.stderr : process.stdout;
    const columns = widthOf(output, environment);
    for (const line of linesOf(action, answer, { json: values.json, now: runtime.now(), columns })) {
      const shown = output.isTTY && !values.json ? fit(line, columns) : line;
      if (files.tookOutput()) console.error(shown);
      else await print(shown);
    }
    if (stop.signal.aborted) return isOutputGone() ? 0 : 130;
    return action.failed?.(answer) == null ? 0 : 1;
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
    progress.end();
    const told = thrown instanceof TidegateError && thrown.code === 'cancelled' ? explained(thrown) : null;
    console.error(told ?? `tidegate: ${actionName(action)} was ended before it was done`);
    return 130;
  } finally {
    progress.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await store.close();
  }
}

/** A terminal may say that it has no columns, as those of some builds do. */
function widthOf({ columns }: { columns?: number }, { COLUMNS: told = '' }: NodeJS.ProcessEnv): number {
  const width = columns ?? readDecimal(told) ?? 0;
  return width > 0 ? width : USUAL_WIDTH;
}

function linesOf(
  action: OperatorAction,
  answer: Record<string, unknown>,
  { json, now, columns }: { json: boolean; now: number; columns: number },
): string[] {
  if (!json) return action.lines(answer, now, columns).map(oneLine);
  return (action.each === undefined ? [answer] : (answer[action.each] as unknown[])).map(jsonText);
}

/** Waits where who reads is slower, and stops where nobody reads any more, as behind `| head`. */
function printed(line: string): Promise<void> {
  return new Promise((resolve) => {
    if (isOutputGone()) resolve();
    else process.stdout.write(`${line}\n`, () => resolve());
  });
}

/** Who can write to the store is an operator, whoever that is. */
function operatorOf(tenant: string): Principal {
  return { tenant, subject: 'operator', client: 'tidegate', scopes: [] };
}

/** How the command that was called is called; where there is none of that verb, how those of its noun are. */
function misused(message: string, noun: string, verb: string): number {
  const isCalled = commandActions().some((action) => action.noun === noun && [verb, ''].includes(action.verb));
  const usage = isCalled ? nounUsage(noun, verb) : verbsUsage(noun);
  console.error(
    `tidegate: ${inLines(message.split('\n'))}\n\n${usage}\n\ntidegate ${noun} --help says what each does.`,
  );
  return 2;
}
