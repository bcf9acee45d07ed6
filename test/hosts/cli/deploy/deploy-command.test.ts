/** The commands `deploy` and `destroy` as processes: what is a wrong call, and with which exit status it ends. */
import { expect, onTestFinished, test, vi } from 'vitest';
import { deployCommand, destroyCommand } from '../../../../src/hosts/cli/deploy/deploy-command.ts';
import { makeAppFolder } from './app-folder.ts';
import { refused, runCli } from '../../child.ts';

const CALL = { loadApp: () => Promise.reject(new Error('no app is loaded')), environment: {} };

test.each([
  [deployCommand, [], /deploy needs one of cloudflare, aws/],
  [deployCommand, ['cloudfare'], /did you mean cloudflare/],
  [deployCommand, ['aws', 'cloudflare'], /takes no word cloudflare/],
  [deployCommand, ['cloudflare', '--stage', 'prod'], /--stage is not for cloudflare: expected --env NAME/],
  [deployCommand, ['aws', '--env', 'prod'], /--env is not for aws: expected --stage NAME/],
  [deployCommand, ['cloudflare', '--env', 'Prod'], /expected a name of 1 to 20 of a-z/],
  [deployCommand, ['aws', '--stage', 'prod-'], /no - last/],
  [deployCommand, ['aws', '--no-queue'], /--no-queue is not for aws/],
  [deployCommand, ['aws', '--fix', '--dry-run'], /--fix is not for aws/],
  [deployCommand, ['cloudflare', '--env', '--dry-run'], /--env needs a value/],
  [deployCommand, ['cloudflare', '--dryrun'], /did you mean --dry-run/],
  [destroyCommand, ['cloudflare', '--fix'], /there is no option --fix/],
] as const)('%o %j is a wrong call', async (command, args, message) => {
  const said: string[] = [];
  expect(await command({ ...CALL, args: [...args], misused: (text) => said.push(text) + 1 })).toBe(2);
  expect(said).toEqual([expect.stringMatching(message)]);
});

test('an app that is not there ends it with status 1, a wrong call with 2', async () => {
  const missing = await refused(runCli(['deploy', 'cloudflare', '--app', 'nowhere.ts']));
  expect([missing.status, missing.words]).toEqual([1, expect.stringContaining('there is no file nowhere.ts')]);
  const wrong = await refused(runCli(['destroy', 'azure']));
  expect([wrong.status, wrong.words]).toEqual([2, expect.stringContaining('tidegate destroy aws')]);
});

test('an app is loaded with the variables of the file of its environment, of which tools that deploy take none', async () => {
  const folder = makeAppFolder({ '.env': 'MQTT_URL=here', '.env.prod': 'MQTT_URL=there\nAWS_PROFILE=mine\nSET=file' });
  onTestFinished(() => folder.remove());
  vi.spyOn(process, 'cwd').mockReturnValue(folder.path);
  for (const [more, expected] of [
    [[], 'here'],
    [['--stage', 'prod'], 'there'],
  ] as const) {
    const environment: NodeJS.ProcessEnv = { SET: 'environment' };
    const seen: NodeJS.ProcessEnv[] = [];
    const loadApp = async () => (seen.push({ ...environment }), Promise.reject(new Error('seen')));
    const args = ['aws', '--app', 'app.ts', ...more];
    await expect(deployCommand({ loadApp, environment, args, misused: () => 2 })).rejects.toThrow('seen');
    expect(seen).toEqual([{ MQTT_URL: expected, SET: 'environment' }]);
  }
  vi.restoreAllMocks();
});
