/**
 * A result that is too large to be answered, taken apart: what is answered all the same, and the pages that hold the
 * rest. Nothing is cut away: what is not answered whole is in pages whole, its beginning answered too. Pure.
 */
import type { ContentBlock } from '../declare/content.ts';
import type { ToolResult } from '../declare/check/tool-result.ts';
import { type Json, utf8Bytes } from '../base/json.ts';
import { inPieces, inPages } from '../base/text.ts';
import type { ResultPage } from './names.ts';

/** Something that is in pages, one after the other. */
export interface PagedPart {
  /** What it is, for people. */
  name: string;
  mimeType: string;
  pages: number;
}

export interface SplitResult {
  /** Of the whole result, as JSON. */
  bytes: number;
  /** Blocks that fit, and the beginning of the first text that does not. */
  content: ContentBlock[];
  /** Where it fits. */
  structured: Json | undefined;
  isError: boolean;
  parts: PagedPart[];
  pages: ResultPage[];
}

/** Largest page, as JSON: what a record of the store can hold, and some names. */
export const RESULT_PAGE_BYTES = 340_000;
/** Blocks that do not fit are one part together when they are more. */
const MOST_PARTS = 20;
/** Most of a page's text that is answered beside where to read the whole. */
const BEGINNING_BYTES = 16_384;
const MIME_TYPE = /^[\w.+-]{1,100}\/[\w.+-]{1,100}(?:; ?[\w.+-]{1,50}=[\w.+-]{1,100})?$/;
const JSON_TYPE = 'application/json';

interface Part {
  name: string;
  mimeType: string;
  text?: string;
  blob?: string;
}

/** @param most bytes of a result, as JSON, that is answered as it is. Null for such a one. */
export function splitResult(result: ToolResult, most: number): SplitResult | null {
  const whole = JSON.stringify(result);
  // No character takes more than three bytes, so most results need not be encoded to be found small.
  if (whole.length * 3 <= most || utf8Bytes(whole) <= most) return null;
  const { structuredContent: structured, isError = false } = result;
  // A quarter for what else is answered: the summary, the beginning and the links.
  let left = Math.floor(most * 0.75);
  const keepsStructured = structured !== undefined && jsonBytes(structured) <= left;
  if (keepsStructured) left -= jsonBytes(structured);

  const large: ContentBlock[] = [];
  const content: ContentBlock[] = [];
  const json = structured === undefined ? null : JSON.stringify(structured);
  for (const block of result.content) {
    const size = jsonBytes(block);
    // The JSON of what is structured is in pages anyway.
    if (!keepsStructured && block.type === 'text' && block.text === json) continue;
    if (size <= left) {
      content.push(block);
      left -= size;
    } else large.push(block);
  }
  const parts = large.length <= MOST_PARTS ? large.map(partOf) : [asJson('content blocks', large)];
  if (structured !== undefined && !keepsStructured) parts.push(asJson('structured content', structured));

  const first = parts.find(({ text }) => text !== undefined)?.text;
  if (first !== undefined) content.unshift({ type: 'text', text: beginningOf(first, most) });
  const pagesOf = parts.map((part) => pagesOfPart(part, Math.min(RESULT_PAGE_BYTES, most)));
  return {
    bytes: utf8Bytes(whole),
    content,
    structured: keepsStructured ? structured : undefined,
    isError,
    parts: parts.map(({ name, mimeType }, index) => ({ name, mimeType, pages: pagesOf[index]?.length ?? 0 })),
    pages: pagesOf.flat(),
  };
}

function partOf(block: ContentBlock): Part {
  if (block.type === 'text') return { name: 'text', mimeType: 'text/plain', text: block.text };
  if (block.type === 'image' || block.type === 'audio') {
    return { name: block.type, mimeType: mimeTypeOf(block.mimeType, 'application/octet-stream'), blob: block.data };
  }
  if (block.type === 'resource') {
    const { uri, mimeType, text, blob } = block.resource;
    const name = `resource ${uri.slice(0, 200)}`;
    if (text !== undefined) return { name, mimeType: mimeTypeOf(mimeType, 'text/plain'), text };
    if (blob !== undefined) return { name, mimeType: mimeTypeOf(mimeType, 'application/octet-stream'), blob };
  }
  return asJson(block.type, block);
}

function asJson(name: string, value: unknown): Part {
  return { name, mimeType: JSON_TYPE, text: JSON.stringify(value) };
}

function pagesOfPart({ mimeType, text, blob }: Part, most: number): ResultPage[] {
  // Half a character could neither be cut nor stored.
  if (blob === undefined) return inPages((text ?? '').toWellFormed(), most).map((page) => ({ mimeType, text: page }));
  // Four characters are three bytes; the quotes are two more.
  const length = most - 4 - ((most - 4) % 4);
  const pages: ResultPage[] = [];
  for (let from = 0; from < blob.length; from += length) {
    pages.push({ mimeType, blob: blob.slice(from, from + length) });
  }
  return pages;
}

function beginningOf(text: string, most: number): string {
  // A character may take six bytes as JSON.
  const [beginning = ''] = inPieces(text, Math.min(BEGINNING_BYTES, Math.floor(most / 32)));
  return beginning;
}

function mimeTypeOf(declared: string | undefined, otherwise: string): string {
  return declared !== undefined && MIME_TYPE.test(declared) ? declared : otherwise;
}

function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value));
}
