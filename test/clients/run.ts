/**
 * `npm run clients [client ...] [http|spread|stdio|workerd ...] [--schemas <folder>]`: foreign MCP clients against Tidegate, and a count
 * of what each hands to its model. Without names it takes all of them, over all transports. What each is put through, and
 * what the table says, is told in the README beside this file.
 */
import { parseArgs } from 'node:util';
import { startMosquitto } from '../../infra/local/mosquitto.ts';
import { available } from '../services/available.ts';
import { startClient } from './client-process.ts';
import { CLIENTS } from './clients.ts';
import { install } from './install.ts';
import { drive } from './journey.ts';
import { openSchemas } from './schemas.ts';
import { impossible, type Server, type Transport, TRANSPORTS } from './servers.ts';
import { passed, printed, type Row, table } from './table.ts';
import { readTape } from './tape.ts';
import { startUpstream } from './upstream.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { schemas: { type: 'string' } } });
const transports = Object.keys(TRANSPORTS) as Transport[];
const unknown = positionals.filter((name) => !Object.hasOwn(CLIENTS, name) && !Object.hasOwn(TRANSPORTS, name));
if (unknown.length > 0) {
  console.error(`no ${unknown.join(', ')}; there is ${Object.keys(CLIENTS).join(', ')}; over ${transports.join(', ')}`);
  process.exit(2);
}
const pick = <Name extends string>(all: readonly Name[]) => {
  const named = all.filter((name) => positionals.includes(name));
  return named.length > 0 ? named : all;
};

/** @param server an error: it did not start */
async function runOne(name: string, transport: Transport, server: Server | Error): Promise<Row> {
  const row: Row = { client: name, transport, revision: null, outcome: null, messages: 0, invalid: [], reason: null };
  if (server instanceof Error) return { ...row, reason: server.message };
  const reached = await server.reach();
  try {
    const client = startClient(await install(name));
    try {
      await client.ask('connect', reached.target);
      row.outcome = await drive(client, () => readTape(reached.passed()).toolCalls);
    } finally {
      await client.close();
    }
  } catch (error) {
    row.reason = error instanceof Error ? error.message : String(error);
  }
  const { revision, messages, garbage } = readTape(reached.passed());
  await reached.close();
  const invalid = schemas === null ? null : [...garbage, ...(await schemas.check(messages))];
  return { ...row, revision, messages: messages.length, invalid };
}

async function runOver(transport: Transport): Promise<void> {
  const server = await TRANSPORTS[transport](beside).catch((error: unknown) => new Error(String(error)));
  for (const name of pick(Object.keys(CLIENTS))) {
    const reason = CLIENTS[name]?.left?.[transport];
    if (reason !== undefined) console.log(`left  ${name} over ${transport}: ${reason}`);
    if (reason !== undefined) continue;
    const row = await runOne(name, transport, server);
    rows.push(row);
    for (const line of printed(row)) console.log(line);
  }
  if (!(server instanceof Error)) await server.close();
}

const folder = values.schemas ?? process.env['MCP_SCHEMAS'];
const schemas = folder === undefined ? null : await openSchemas(folder);
if (schemas === null) console.log('messages are not checked: name the folder of the official schemas with --schemas');
const upstream = await startUpstream();
const broker = available('mosquitto') ? await startMosquitto() : null;
const beside = { upstreamUrl: upstream.url, brokerUrl: `mqtt://127.0.0.1:${broker?.port}` };
const rows: Row[] = [];
try {
  for (const transport of pick(transports)) {
    const why = impossible(transport);
    if (why === null) await runOver(transport);
    else console.log(`left  ${transport}: ${why}`);
  }
} finally {
  await upstream.close();
  await broker?.stop();
  await schemas?.close();
}

console.log(`\n${table(rows).join('\n')}\n`);
const good = rows.filter(passed).length;
console.log(`${good} passed, ${rows.length - good} failed`);
process.exitCode = good === rows.length && good > 0 ? 0 : 1;
