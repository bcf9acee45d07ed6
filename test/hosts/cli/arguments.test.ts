/** What the command line says of arguments that are no call: what was probably meant, as it has to be typed. */
import { expect, test } from 'vitest';
import { type Options, readArguments, unknownWord } from '../../../src/hosts/cli/kit/arguments.ts';
import { COMMANDS, TASK_COMMANDS } from '../../../src/hosts/cli/kit/usage.ts';

const options: Options = {
  app: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h' },
};

test('options and words are read, with defaults', () => {
  expect(readArguments(['start', '--app', 'a.ts'], options)).toMatchObject({
    wrong: null,
    values: { app: 'a.ts', json: false },
    positionals: ['start'],
  });
  expect(readArguments(['--app=-odd.ts', '-h'], options)).toMatchObject({ values: { app: '-odd.ts', help: true } });
});

test.each([
  ['start --port 8871', '--port is a variable of the environment: PORT=8871 tidegate start'],
  ['start --port=8871 --app a.ts', 'PORT=8871 tidegate start --app a.ts'],
  ['start -p 8871', '-p is a variable of the environment: PORT=8871 tidegate start'],
  ['start --port', 'PORT=… tidegate start'],
  ['start --prot 8871', 'PORT=8871 tidegate start'],
  ['start --host 0.0.0.0', 'HOST=0.0.0.0 tidegate start'],
  ['--port 8871', 'PORT=8871 tidegate start'],
  ['--app a.ts --port=8871', 'PORT=8871 tidegate start --app a.ts'],
  ['start -V', 'there is no option -V: expected one of'],
  ['start -H', 'there is no option -H: expected --help'],
  ['start --log-level debug', 'LOG_LEVEL=debug tidegate start'],
  ['start --tidegate-secret abc', 'TIDEGATE_SECRET=… tidegate start'],
  [
    'start --ap a.ts',
    'there is no option --ap: expected one of the options --app, --json, --help (did you mean --app?)',
  ],
  ['start --verbose', 'there is no option --verbose: expected one of the options --app, --json, --help'],
  ['start --app', '--app needs a value: --app app.ts'],
  ['start --app=', '--app needs a value: --app app.ts'],
  ['start --app --json', '--app needs a value: --app app.ts'],
  ['start --json=yes', '--json takes no value'],
])('%s: %s', (line, told) => {
  expect(readArguments(line.split(' '), options).wrong).toContain(told);
});

test('a variable before a command of tasks is told with the whole call', () => {
  const { wrong } = readArguments(['list', '--store', 'redis', '--json'], options, 'tasks');
  expect(wrong).toContain('STORE=redis tidegate tasks list --json');
});

test.each<[string, readonly string[], string | null, string]>([
  ['help', COMMANDS, null, 'expected tidegate --help'],
  ['version', COMMANDS, null, 'expected tidegate --version'],
  ['tiny.ts', COMMANDS, null, 'expected tidegate start --app tiny.ts'],
  ['tiny.mjs', COMMANDS, 'stdio', 'expected tidegate stdio --app tiny.mjs'],
  ['PORT=8871', COMMANDS, 'start', 'PORT=8871 tidegate start'],
  ['strat', COMMANDS, null, `expected one of the commands ${COMMANDS.join(', ')} (did you mean start?)`],
  [
    'cancle',
    TASK_COMMANDS,
    null,
    'expected one of the commands list, show, answer, cancel, retry (did you mean cancel?)',
  ],
  ['now', COMMANDS, 'start', 'start takes no word now'],
])('the word %s is answered with %s', (word, commands, before, told) => {
  expect(unknownWord(word, commands, before)).toContain(told);
});
