/** Serves `GET /<n>`: n NDJSON lines of about 200 bytes, readings of 100 sensors with ids, from memory. */
import { createServer } from 'node:http';
import { Readable } from 'node:stream';

const CHUNK_LINES = 1_000;

export function reading(n: number): object {
  const time = 1_790_000_000_000 + n * 10;
  return {
    id: `r-${n}`,
    sensor: `sensor-${n % 100}`,
    time,
    celsius: 20 + (n % 50) / 10,
    humidity: 40 + (n % 30),
    site: 'hall-3/line-7/cell-12',
    note: 'calibrated, within limits, reported by the gateway of the hall',
  };
}

function* chunks(lines: number): Generator<Buffer> {
  for (let first = 0; first < lines; first += CHUNK_LINES) {
    const count = Math.min(CHUNK_LINES, lines - first);
    const text = Array.from({ length: count }, (_, index) => `${JSON.stringify(reading(first + index))}\n`).join('');
    yield Buffer.from(text);
  }
}

if (import.meta.filename === process.argv[1]) {
  const prepared = new Map<number, Buffer[]>();
  const server = createServer((request, response) => {
    const lines = Number(request.url?.slice(1));
    if (!prepared.has(lines)) prepared.set(lines, [...chunks(lines)]);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    Readable.from(prepared.get(lines) ?? []).pipe(response);
  });
  server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));
}
