/** Changes of a task's header: what may follow what is decided here, and nothing else. Pure. */
import type { WireRequest } from '../../declare/ask.ts';
import type { ToolResult } from '../../declare/check/tool-result.ts';
import type { TidegateError } from '../../base/errors.ts';
import { type Failure, hasEnded, type Header } from './header.ts';

const MESSAGE_CHARACTERS = 1_000;

/** Makes the next header of a header, and returns the same object where nothing changes. */
export type HeaderChange = (header: Header, now: number) => Header;

export function progressed(message: string): HeaderChange {
  const text = clipped(message, MESSAGE_CHARACTERS);
  return (header, now) => (hasEnded(header) ? header : { ...header, message: text, updatedAt: now });
}

export function asked(key: string, request: WireRequest): HeaderChange {
  return (header, now) => {
    if (hasEnded(header) || key in header.asks) return header;
    return { ...header, status: 'input_required', asks: { ...header.asks, [key]: request }, updatedAt: now };
  };
}

/** Takes away questions that were answered. */
export function settled(keys: readonly string[]): HeaderChange {
  return (header, now) => {
    if (hasEnded(header) || !keys.some((key) => key in header.asks)) return header;
    const asks = Object.fromEntries(Object.entries(header.asks).filter(([key]) => !keys.includes(key)));
    const status = Object.keys(asks).length > 0 ? 'input_required' : 'working';
    return { ...header, status, asks, updatedAt: now };
  };
}

export function completed(result: ToolResult, pages: number): HeaderChange {
  return ended({ status: 'completed', result, pages, message: null });
}

export function failed(failure: Failure): HeaderChange {
  return ended({ status: 'failed', failure, message: clipped(failure.message, MESSAGE_CHARACTERS) });
}

export function cancelled(message: string): HeaderChange {
  return ended({ status: 'cancelled', message });
}

function ended(end: Partial<Header>): HeaderChange {
  return (header, now) => (hasEnded(header) ? header : { ...header, ...end, asks: {}, updatedAt: now });
}

/** At most `most` UTF-16 units. Half a character that is left at the cut is replaced: some clients take it for no text. */
function clipped(text: string, most: number): string {
  return text.slice(0, most).toWellFormed();
}

/** An error as a header keeps it. The message of a defect of ours is kept too, because the app's author reads it. */
export function failureOf(error: TidegateError): Failure {
  const { code, message, field, expected, hint } = error;
  return {
    code,
    message: clipped(message, 4_000),
    ...(field === null ? {} : { field }),
    ...(expected === null ? {} : { expected }),
    ...(hint === null ? {} : { hint }),
  };
}
