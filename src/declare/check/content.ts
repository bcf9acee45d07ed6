/**
 * Checks content that handlers answer, before it is sent: official clients throw the whole answer away for one wrong block.
 * Bytes and data URIs become base64, which is what they were meant as. Members that are null count as absent: the protocol
 * knows none, and many serialisers write every member. A text without annotations, which most answers are, is taken without
 * a schema. Pure.
 */
import * as z from 'zod';
import { asBase64, toBase64 } from '../../base/base64url.ts';
import type { ContentBlock, ContentBytes, ListedResource, ResourceContents } from '../content.ts';

/**
 * The blocks as they are sent; a text: the place that is wrong, and what was expected there.
 * @param place of the list in the answer
 */
export function checkedBlocks(
  blocks: readonly ContentBlock<ContentBytes>[],
  place: string,
): readonly ContentBlock[] | string {
  if (blocks.every(isPlainText)) return blocks;
  const sent: ContentBlock[] = [];
  for (const [index, block] of blocks.entries()) {
    const one = checkedBlock(block, `${place}[${index}]`);
    if (typeof one === 'string') return one;
    sent.push(one);
  }
  return sent;
}

export function checkedBlock(given: ContentBlock<ContentBytes>, place: string): ContentBlock | string {
  if (isPlainText(given)) return given;
  const block = meant(given);
  return misfit(Block, block, place) ?? (block as ContentBlock);
}

/** Text or base64 of a resource. */
export function checkedContents(given: ResourceContents<ContentBytes>, place: string): ResourceContents | string {
  const contents = withBase64(withoutNulls(given), 'blob');
  return misfit(Contents, contents, place) ?? (contents as ResourceContents);
}

/** An item of a list of resources. */
export function checkedListing(given: ListedResource, place: string): ListedResource | string {
  const listing = withoutNulls(given);
  return misfit(Listing, listing, place) ?? (listing as ListedResource);
}

function isPlainText(block: ContentBlock<ContentBytes>): block is ContentBlock {
  const { type, text, annotations, _meta } = (block ?? {}) as unknown as Record<string, unknown>;
  return type === 'text' && typeof text === 'string' && annotations === undefined && _meta === undefined;
}

function meant(given: unknown): unknown {
  const block = withoutNulls(given);
  const { type, resource } = membersOf(block);
  if (type === 'image' || type === 'audio') return withBase64(block, 'data');
  return type === 'resource' ? { ...membersOf(block), resource: withBase64(withoutNulls(resource), 'blob') } : block;
}

/** Without members that are null, of annotations and icons too. What `_meta` holds is left as it is. */
function withoutNulls(given: unknown): unknown {
  const members = membersOf(given);
  if (!hasNull(members)) return given;
  const kept = Object.entries(members).flatMap(([name, value]): [string, unknown][] => {
    if (value === null) return [];
    if (name === 'annotations') return [[name, withoutNulls(value)]];
    return [[name, name === 'icons' && Array.isArray(value) ? value.map(withoutNulls) : value]];
  });
  return Object.fromEntries(kept);
}

function hasNull({ annotations, icons, ...members }: Record<string, unknown>): boolean {
  const own = [members, membersOf(annotations), ...(Array.isArray(icons) ? icons.map(membersOf) : [])];
  return annotations === null || icons === null || own.some((each) => Object.values(each).includes(null));
}

/** The type of a data URI counts where none is given beside it. */
const DATA_URI = /^data:([^,;]*)(?:;[^,;]*)*;base64,/i;
const HEAD_CHARACTERS = 500;

function withBase64(holder: unknown, member: 'data' | 'blob'): unknown {
  const value = membersOf(holder)[member];
  if (value instanceof Uint8Array) return { ...membersOf(holder), [member]: toBase64(value) };
  if (value instanceof ArrayBuffer) return { ...membersOf(holder), [member]: toBase64(new Uint8Array(value)) };
  if (typeof value !== 'string') return holder;
  const [head = '', mimeType = ''] = DATA_URI.exec(value.slice(0, HEAD_CHARACTERS)) ?? [];
  const base64 = asBase64(value.slice(head.length));
  if (base64 === null || base64 === value) return holder;
  return { ...(mimeType === '' ? {} : { mimeType }), ...membersOf(holder), [member]: base64 };
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

const text = z.string({ error: 'a text' });
const base64 = z
  .string({ error: 'bytes, or base64 of them' })
  .refine((given) => asBase64(given) === given, { error: 'base64, a data URI of base64, or bytes' });
const priority = { error: 'a number from 0 to 1' };
const meta = { _meta: z.looseObject({}, { error: 'an object' }).optional() };
const shared = {
  ...meta,
  annotations: z
    .looseObject(
      {
        audience: z
          .array(z.enum(['user', 'assistant'], { error: 'user or assistant' }), { error: 'a list' })
          .optional(),
        priority: z.number(priority).min(0, priority).max(1, priority).optional(),
        lastModified: z.iso.datetime({ offset: true, error: 'a time such as 2026-11-21T12:00:00Z' }).optional(),
      },
      { error: '{ audience, priority, lastModified }, any of them' },
    )
    .optional(),
};
const Contents = z
  .looseObject(
    { uri: text, mimeType: text.optional(), text: text.optional(), blob: base64.optional(), ...meta },
    { error: '{ uri, text } or { uri, blob }' },
  )
  .refine((given) => (given.text === undefined) !== (given.blob === undefined), { error: 'text or blob, one of them' });
const Icon = z.looseObject({ src: text, mimeType: text.optional() }, { error: '{ src }' });
const listed = {
  uri: text,
  name: text,
  title: text.optional(),
  description: text.optional(),
  mimeType: text.optional(),
  size: z.number({ error: 'a number of bytes' }).optional(),
  icons: z.array(Icon, { error: 'a list of icons' }).optional(),
  ...shared,
};
const Listing = z.looseObject(listed, { error: '{ uri, name }' });
const Block = z.discriminatedUnion(
  'type',
  [
    z.looseObject({ type: z.literal('text'), text, ...shared }),
    z.looseObject({ type: z.enum(['image', 'audio']), data: base64, mimeType: text, ...shared }),
    z.looseObject({ type: z.literal('resource'), resource: Contents, ...shared }),
    z.looseObject({ type: z.literal('resource_link'), ...listed }),
  ],
  { error: '{ type: … } of text, image, audio, resource or resource_link' },
);

function misfit(schema: z.ZodType, value: unknown, place: string): string | null {
  const issue = schema.safeParse(value).error?.issues[0];
  if (issue === undefined) return null;
  return `${[place, ...issue.path.map(String)].join('.')}: expected ${issue.message}`;
}
