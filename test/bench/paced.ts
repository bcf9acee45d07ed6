/**
 * A load of so many requests a second, whether or not the server keeps up: the time of each is counted from when it was due, so
 * that waiting behind others counts too. A program of its own, for the second core:
 * `node paced.ts <url> <file of requests> <rate> <seconds> <connections>`; it prints its figures as JSON.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface PacedRequest {
  headers: Record<string, string>;
  body: string;
}

export interface PacedFigures {
  /** Answers a second. */
  rate: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were no 2xx, and requests without one. */
  failed: number;
}

const TICK_MS = 1;

function send(url: string, agent: Agent, { headers, body }: PacedRequest): Promise<boolean> {
  return new Promise((resolve) => {
    const length = { 'Content-Length': String(Buffer.byteLength(body)) };
    const asked = request(url, { method: 'POST', agent, headers: { ...headers, ...length } }, (answer) => {
      answer.resume().once('end', () => resolve((answer.statusCode ?? 0) < 300));
    });
    asked.once('error', () => resolve(false));
    asked.end(body);
  });
}

async function load(
  url: string,
  requests: readonly PacedRequest[],
  rate: number,
  seconds: number,
  connections: number,
) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const times: number[] = [];
  const underWay: Promise<void>[] = [];
  let failed = 0;
  const begunAt = performance.now();
  async function one(due: number): Promise<void> {
    const [asked] = [requests[underWay.length % requests.length]];
    if (asked && !(await send(url, agent, asked))) failed += 1;
    times.push(performance.now() - due);
  }
  const all = rate * seconds;
  while (underWay.length < all) {
    const due = begunAt + (underWay.length * 1_000) / rate;
    if (due > performance.now()) await new Promise((resolve) => setTimeout(resolve, TICK_MS));
    else underWay.push(one(due));
  }
  await Promise.all(underWay);
  const tookMs = performance.now() - begunAt;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  agent.destroy();
  return { rate: (all * 1_000) / tookMs, p50Ms: at(0.5), p99Ms: at(0.99), failed } satisfies PacedFigures;
}

/** Runs this program on the second core. @param file of a list of requests in JSON, which are sent in turns */
export async function runPaced(
  url: string,
  file: string,
  rate: number,
  seconds: number,
  connections: number,
): Promise<PacedFigures> {
  const args = [
    '-c',
    '1',
    process.execPath,
    import.meta.filename,
    url,
    file,
    ...[rate, seconds, connections].map(String),
  ];
  const { stdout } = await promisify(execFile)('taskset', args);
  return JSON.parse(stdout) as PacedFigures;
}

if (import.meta.main) {
  const [url = '', file = '', ...numbers] = process.argv.slice(2);
  const [rate = 1, seconds = 1, connections = 1] = numbers.map(Number);
  const requests = JSON.parse(readFileSync(file, 'utf8')) as PacedRequest[];
  console.log(JSON.stringify(await load(url, requests, rate, seconds, connections)));
}
