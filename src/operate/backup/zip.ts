/** Texts as gzip and back, piece by piece, by what every platform has. */
import { damaged } from './format.ts';

export function zipped(pieces: AsyncIterable<string>): AsyncIterable<Uint8Array> {
  return throughStream(encoded(pieces), new CompressionStream('gzip'));
}

/** Text that was not zipped is taken as it is. @throws TidegateError `invalid_input` where the zipped bytes were cut or changed */
export async function* unzipped(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const pieces = bytes[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done === true) return;
  const isZipped = first.value[0] === 0x1f && first.value[1] === 0x8b;
  const decoder = new TextDecoder();
  const all = joined(first.value, pieces);
  try {
    const plain = isZipped ? throughStream(all, new DecompressionStream('gzip')) : all;
    for await (const piece of plain) yield decoder.decode(piece, { stream: true });
  } catch (thrown) {
    // What a stream of the platform throws for bytes that are not whole; an error of the file has a code of its own.
    if (thrown instanceof TypeError || (thrown as { code?: string }).code?.startsWith('Z_') === true) {
      throw damaged('its bytes cannot be unzipped to the end');
    }
    throw thrown;
  }
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) yield encoder.encode(piece);
}

async function* joined(first: Uint8Array, others: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await others.next(); next.done !== true; next = await others.next()) yield next.value;
}

function throughStream(
  pieces: AsyncGenerator<Uint8Array>,
  stream: CompressionStream | DecompressionStream,
): AsyncIterable<Uint8Array> {
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => void pieces.return(undefined),
  });
  return source.pipeThrough(stream);
}
