/**
 * Stands in for wrangler where an account would be needed: it writes down how it was called, and keeps Workers, secrets and queues in a
 * file. It says what wrangler 4.155 says. What needs no account is left to the real one.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const HERE = import.meta.dirname;
const STATE = join(HERE, 'state.json');
const CALLS = join(HERE, 'calls.jsonl');
const { real, ...state } = JSON.parse(readFileSync(STATE, 'utf8'));
const argv = process.argv.slice(2);
const { values, positionals } = parseArgs({ args: argv, strict: false, allowPositionals: true });
const stdin = argv[0] === 'secret' && argv[1] === 'bulk' ? readFileSync(0, 'utf8') : '';

function save() {
  writeFileSync(STATE, JSON.stringify({ real, ...state }));
}

function refuse(message) {
  process.stderr.write(`\n✘ [ERROR] ${message}\n\n\n🪵  Logs were written to "/tmp/x.log"\n`);
  process.exit(1);
}

function dryRun() {
  if (state.builds === 'really') {
    const { status } = spawnSync(process.execPath, [real, ...argv], { stdio: 'inherit' });
    process.exit(status ?? 1);
  }
  mkdirSync(values.outdir, { recursive: true });
  mkdirSync(dirname(values.metafile), { recursive: true });
  writeFileSync(join(values.outdir, 'worker.js'), 'export default {};'.repeat(state.repeated ?? 1));
  writeFileSync(values.metafile, JSON.stringify({ inputs: state.inputs ?? {} }));
  process.exit(0);
}

const call = { argv, stdin, environment: Object.keys(process.env), cloudflareEnv: process.env.CLOUDFLARE_ENV ?? null };
appendFileSync(CALLS, `${JSON.stringify(call)}\n`);
if (values['dry-run']) dryRun();
const command = positionals.join(' ');
if (state.fails && command.startsWith(state.fails)) refuse('A request to the Cloudflare API failed. [code: 10013]');
if (argv[0] === 'whoami') {
  console.log(JSON.stringify({ loggedIn: state.loggedIn, accounts: state.accounts }, null, 2));
  process.exit(state.loggedIn ? 0 : 1);
}

const configured = readSettings();
const worker = values.name ?? configured.name;
/** The name as wrangler makes it of the file; the stand-in is given it. */
function readSettings() {
  const environment = values.env ?? '';
  const name = environment === '' ? state.name : `${state.name}-${environment}`;
  return { name };
}

const [first, second, third] = positionals;
if (first === 'secret' && second === 'list') {
  if (!state.workers[worker])
    refuse(`Worker "${worker}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\` first to create it.`);
  console.log(
    JSON.stringify(
      state.workers[worker].map((name) => ({ name, type: 'secret_text' })),
      null,
      2,
    ),
  );
} else if (first === 'secret' && second === 'bulk') {
  const given = JSON.parse(stdin);
  state.workers[worker] = [
    ...new Set([...(state.workers[worker] ?? []), ...(state.losesSecrets ? [] : Object.keys(given))]),
  ];
  console.log(
    `🌀 Processing the secrets for the Worker "${worker}"\n✨ ${Object.keys(given).length} secrets successfully created`,
  );
} else if (first === 'queues' && second === 'info') {
  if (!state.queues.includes(third))
    refuse(`Queue "${third}" does not exist. To create it, run: wrangler queues create ${third}`);
  console.log(`Queue Name: ${third}`);
} else if (first === 'queues' && second === 'create') {
  if (state.queues.includes(third)) refuse(`Queue name '${third}' is already taken. [code: 11009]`);
  state.queues.push(third);
} else if (first === 'queues' && second === 'delete') {
  state.queues = state.queues.filter((name) => name !== third);
} else if (first === 'queues' && second === 'consumer') {
  console.log('Removed');
} else if (first === 'deploy') {
  const missing = state.needsQueues.filter((name) => !state.queues.includes(name));
  if (missing.length > 0)
    refuse(`Queue "${missing[0]}" does not exist. To create it, run: wrangler queues create ${missing[0]}`);
  state.workers[worker] ??= [];
  state.deployed = worker;
  console.log(
    `Total Upload: 1 KiB\nUploaded ${worker} (1 sec)\nDeployed ${worker} triggers (1 sec)\n  https://${worker}.acme.workers.dev\n  schedule: * * * * *`,
  );
} else if (first === 'delete') {
  delete state.workers[worker];
  console.log('Successfully deleted', worker);
} else refuse(`Unknown arguments: ${argv.join(' ')}`);
if (!['list', 'info'].includes(second)) save();
