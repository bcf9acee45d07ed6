/**
 * A kind of sealed text: the codec of what is in it, and how it is sealed and opened. A text that opens was made by this
 * project (`seal.ts` authenticates it), so a text of the current version is not checked by its schema.
 */
import type * as z from 'zod';
import { createCodec, type Versions } from './codec.ts';
import type { Opened, Sealer, Terms } from './seal.ts';

interface SealedText<Value> {
  /** Errors as `Sealer.seal`. */
  seal(sealer: Sealer, value: Value, terms: Terms): Promise<string>;
  /** @throws TidegateError `newer_version` for a text of a newer release; it does not reject for any other text. */
  open(sealer: Sealer, text: string, bound: string, now: number): Promise<Opened<Value>>;
}

export function sealedText<Value>(
  name: string,
  schema: () => z.ZodType<Value>,
  versions: Versions<Value> = {},
): SealedText<Value> {
  const codec = createCodec(name, schema, versions);
  return {
    seal: (sealer, value, terms) => sealer.seal(codec.encode(value), terms),
    async open(sealer, text, bound, now) {
      const opened = await sealer.open(text, bound, now);
      return opened.ok ? { ...opened, value: codec.decode(opened.value) } : opened;
    },
  };
}
