/**
 * Unpacks bodies by their `Content-Encoding`, strictly: a packed body that ends early is an error. The fetch of the platform
 * takes what has come by then for the whole, so that a row cut in the middle would look like a row. A body without bytes is
 * empty, whatever its coding. It also turns a body of Node into one of the web.
 */
import { pipeline, type Readable, Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** What is asked for. A source may also answer with the other name of gzip, or with several codings. */
export const ACCEPTED_CODINGS = 'gzip, deflate, br';
const MOST_CODINGS = 5;
/** No coding at all. Some servers name the charset here. */
const NO_CODING = /^(?:|identity|none|binary|aws-chunked|utf-?8|us-ascii|iso-8859-\d+|windows-\d+)$/;
const DEFLATE = 8;

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
  const begin = (firstByte: number): Decoder =>
    make(firstByte)
      .on('data', (piece: Uint8Array) => transform.push(piece))
      .on('error', (error) => transform.destroy(error));
  const transform = new Transform({
    transform(packed: Uint8Array, _encoding, done) {
      if (packed.byteLength === 0) return done();
      decoder ??= begin(packed[0] ?? 0);
      decoder.write(packed, (error) => {
        // An error is told by its event.
        if (!error) done();
      });
    },
    flush(done) {
      if (decoder === null) return done();
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

/** A stream of Node as one of the web. It takes a piece when one is asked for, and outlives whatever comes after its end. */
export function webStream(body: Readable): ReadableStream<Uint8Array> {
  let over = false;
  const end = (act: () => void) => {
    if (!over) act();
    over = true;
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        body.pause();
        body.on('data', (piece: Uint8Array) => {
          body.pause();
          if (!over) controller.enqueue(piece);
        });
        body.on('end', () => end(() => controller.close()));
        body.on('error', (error) => end(() => controller.error(error)));
        body.on('close', () => end(() => controller.error(new Error('the body was closed before its end'))));
      },
      pull: () => void body.resume(),
      cancel() {
        over = true;
        body.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}
