/**
 * Stands in for CDK's command where an account would be needed: it writes down how it was called. A synthesis writes the template that the
 * folder holds as template.json, or is left to the real one.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const argv = process.argv.slice(2);
const { values, positionals } = parseArgs({ args: argv, strict: false, allowPositionals: true });
const { real, fails, waits, region, isGone } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'state.json'), 'utf8'),
);
appendFileSync(
  join(import.meta.dirname, 'calls.jsonl'),
  `${JSON.stringify({ argv, stdin: '', environment: [], cloudflareEnv: null })}\n`,
);
const [command, stack] = positionals;
const stage = /^stage=(.*)$/.exec(values.context ?? '')?.[1];
if (waits) {
  console.log('waits');
  setInterval(() => {}, 1_000);
} else if (command === 'synth' && existsSync('template.json')) {
  mkdirSync(values.output, { recursive: true });
  const name = stage === undefined ? 'shop' : `shop-${stage}`;
  const template = JSON.parse(readFileSync('template.json', 'utf8').replaceAll('shop/', `${name}/`));
  const { Variables } = template.Resources.Streaming.Properties.Environment;
  if (stage !== undefined && Variables.TIDEGATE_STAGE === undefined) Variables.TIDEGATE_STAGE = stage;
  writeFileSync(join(values.output, `${name}.template.json`), JSON.stringify(template));
  const environment = `aws://unknown-account/${region ?? 'unknown-region'}`;
  const artifacts = { [name]: { type: 'aws:cloudformation:stack', environment } };
  writeFileSync(join(values.output, 'manifest.json'), JSON.stringify({ artifacts }));
} else if (command === 'synth') {
  process.exit(spawnSync(process.execPath, [real, ...argv], { stdio: 'inherit' }).status ?? 1);
} else if (command === fails) {
  console.error(`${stack} failed: the account is not bootstrapped`);
  process.exit(1);
} else if (command === 'destroy') {
  // As the real one: where no stack is, it has no events to tell, and ends as it does where it deleted one.
  console.error(`${stack}: destroying... [1/1]`);
  if (!isGone) console.error(`${stack} | 0 | 12:00:00 | DELETE_IN_PROGRESS | AWS::CloudFormation::Stack | ${stack}`);
  console.error(` ✅  ${stack}: destroyed`);
} else if (command === 'deploy') {
  const outputs = { Url: 'https://x.lambda-url.example/mcp', AddToClient: 'claude mcp add shop', TableName: 'table' };
  writeFileSync(values['outputs-file'], JSON.stringify({ [stack]: outputs }));
}
