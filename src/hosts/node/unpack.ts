/**
 * Unpacks bodies by their `Content-Encoding`, strictly: a packed body that ends early is an error. The fetch of the platform
 * takes what has come by then for the whole, so that a row cut in the middle would look like a row. Zeros that pad a packed
 * body are passed over, and other bytes behind its end are an error. A body without bytes is empty, whatever its coding. It also turns a body of Node into one of the web.
 */
import { pipeline, type Readable, Transform } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** What is asked for. A source may also answer with the other name of gzip, or with several codings. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';
const MOST_CODINGS = 5;
/** No coding at all. Some servers name the charset here. */
const NO_CODING = /^(?:|identity|none|binary|aws-chunked|utf-?8|us-ascii|iso-8859-\d+|windows-\d+)$/;
const DEFLATE = 8;
const GZIP = [0x1f, 0x8b] as const;
const BEHIND = 'bytes that are not packed come behind the end of the packed body';

type Decoder = ReturnType<typeof createGunzip | typeof createInflate | typeof createBrotliDecompress>;
type MakeDecoder = (firstByte: number) => Decoder;

const DECODERS: Readonly<Record<string, MakeDecoder>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  br: () => createBrotliDecompress(),
  // Some servers send the bare format (RFC 1951) where `deflate` means that of zlib (RFC 1950).
  deflate: (firstByte) => ((firstByte & 0x0f) === DEFLATE ? createInflate() : createInflateRaw()),
};

/** @throws Error for a coding that cannot be unpacked. The body is destroyed then. */
export function unpack(body: Readable, encoding: string): Readable {
  const codings = encoding.toLowerCase().split(',');
  const named = codings.map((coding) => coding.trim()).filter((coding) => !NO_CODING.test(coding));
  const makers = named.toReversed().map((coding) => DECODERS[coding]);
  const transforms = makers.flatMap((make) => (make === undefined ? [] : [decoded(make)]));
  if (transforms.length < named.length || named.length > MOST_CODINGS) {
    body.on('error', () => {}).destroy();
    throw new Error(`the body is packed as ${encoding.slice(0, 100)}, which cannot be unpacked`);
  }
  // Who reads the last stream gets the error of each. A reader that leaves destroys all of them.
  return transforms.reduce<Readable>((from, to) => pipeline(from, to, () => {}), body);
}

function decoded(make: MakeDecoder): Transform {
  let decoder: Decoder | null = null;
  let hasEnded = false;
  /** Bytes that the decoder was given. */
  let given = 0;
  /** Ends the write that the decoder has not answered; it is called once. Null: there is none. */
  let answer: ((ended: boolean) => void) | null = null;
  const answered = (ended: boolean): void => {
    const tell = answer;
    answer = null;
    tell?.(ended);
  };
  const begin = ([first = 0, second = GZIP[1]]: Uint8Array): Decoder =>
    make(first)
      .on('data', (piece: Uint8Array) => transform.push(piece))
      .on('error', (error) => {
        // gzip takes what comes behind its end for another member. That the first one has a header is known.
        const isBehind = first === GZIP[0] && second === GZIP[1] && error.message === 'incorrect header check';
        transform.destroy(isBehind ? new Error(BEHIND) : error);
      })
      .on('end', () => {
        hasEnded = true;
        // With bytes behind its end, a decoder ends and leaves the write without an answer.
        answered(true);
      });
  const transform = new Transform({
    transform(packed: Uint8Array, _encoding, done) {
      if (packed.byteLength === 0) return done();
      if (hasEnded) return done(wrongBehind(packed));
      const to = (decoder ??= begin(packed));
      given += packed.byteLength;
      answer = (ended) => {
        const left = ended ? given - to.bytesWritten : 0;
        done(wrongBehind(packed.subarray(packed.byteLength - left)));
      };
      to.write(packed, (error) => {
        // An error is told by its event.
        if (!error) answered(false);
      });
    },
    flush(done) {
      if (decoder === null || hasEnded) return done();
      decoder.once('end', () => done());
      decoder.end();
    },
    destroy(error, done) {
      decoder?.destroy();
      done(error);
    },
  });
  return transform;
}

/** What is wrong with bytes behind the end of a packed body; null for zeros alone, which some servers pad with. */
function wrongBehind(bytes: Uint8Array): Error | null {
  return bytes.every((byte) => byte === 0) ? null : new Error(BEHIND);
}

/**
 * A stream of Node as one of the web. A source may send one byte a chunk: so what has come is one piece, and a turn of the loop
 * brings one, in which everybody else gets on. It outlives whatever comes after its end.
 */
export function webStream(body: Readable): ReadableStream<Uint8Array> {
  let over = false;
  let isAsked = false;
  const end = (act: () => void) => {
    if (!over) act();
    over = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.on('readable', () => hand(controller));
        body.on('end', () => end(() => controller.close()));
        body.on('error', (error) => end(() => controller.error(error)));
        body.on('close', () => end(() => controller.error(new Error('the body was closed before its end'))));
      },
      async pull(controller) {
        await turn();
        isAsked = true;
        hand(controller);
      },
      cancel() {
        over = true;
        body.destroy();
      },
    },
    { highWaterMark: 0 },
  );

  function hand(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (!isAsked || over) return;
    const piece = body.read() as Uint8Array | null;
    if (piece === null) return;
    isAsked = false;
    controller.enqueue(piece);
  }
}
