/**
 * What is kept of a request whose handler asked: the questions that were sent, which of them are answered, and what goes on
 * then. There is one record for each request, from its first question to its end; every change of it is a put that expects
 * the version that was read. The request itself, which may be large, stands beside it.
 */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import type { WireRequest } from '../../declare/ask.ts';
import { record } from '../../store/record.ts';
import type { RecordKey } from '../../store/store.ts';

/** What a client answered to one question: an answer, or why there is none. */
export type Given = { result: Json } | { refused: string };

interface AskedQuestion {
  /** The handler's. */
  key: string;
  request: WireRequest;
  /** Absent: not answered yet. */
  given?: Given | undefined;
}

/** The request that goes on with the answers. */
export interface AskedRequest {
  id: string | number;
  method: string;
  /** The protocol version of its client. */
  version: string;
}

export interface WaitingRequest {
  request: AskedRequest;
  /** Random, and part of the ids of its questions. Another round has another one. */
  round: string;
  questions: AskedQuestion[];
  /** Epoch ms up to which the instance that has the client's connection waits for answers. */
  until: number;
  /** In how many pieces the request stands beside this record. */
  pieces: number;
  /** Epoch ms up to which some instance works on with the answers; null: they are waited for. */
  workedOnUntil: number | null;
  /** The handle under which the result is kept; null: the client still waits for it. */
  handle: string | null;
}

export const waiting = record<WaitingRequest>('request that waits for answers', () =>
  z.object({
    request: z.object({ id: z.union([z.string(), z.number()]), method: z.string(), version: z.string() }),
    round: z.string(),
    questions: z.array(
      z.object({
        key: z.string(),
        request: z.custom<WireRequest>(),
        given: z.union([z.object({ result: z.custom<Json>() }), z.object({ refused: z.string() })]).optional(),
      }),
    ),
    until: z.number(),
    pieces: z.int(),
    workedOnUntil: z.number().nullable(),
    handle: z.string().nullable(),
  }),
);

/** Where a request asks: the session of its client, and the stream of its answer. */
export interface WaitingPlace {
  session: string;
  stream: string;
}

/** Beginning of the ids of all requests of a session that wait. */
export function waitingPrefix(session: string): string {
  return `${session}/`;
}

export function waitingKey(tenant: string, { session, stream }: WaitingPlace): RecordKey {
  return { partition: `${tenant}/asking`, id: `${waitingPrefix(session)}${stream}` };
}

/** Parameters and sealed state of the request, as a piece of their JSON text. */
export const requestPiece = record<string>('piece of a request that asks', () => z.string());

export function requestPieceKey(
  tenant: string,
  { session, stream }: WaitingPlace,
  round: string,
  number: number,
): RecordKey {
  return { partition: `${tenant}/asking-request`, id: `${session}/${stream}/${round}/${number}` };
}

/** The id of a question, as the client is asked it. Nobody guesses it: stream and round are random. */
export function questionId(stream: string, round: string, index: number): string {
  return `${stream}:${round}:${index}`;
}

const QUESTION_ID = /^([\w-]{1,80}):([\w-]{1,60}):(\d{1,2})$/;

/** Null: no id of a question. */
export function readQuestionId(id: unknown): { stream: string; round: string; index: number } | null {
  const [, stream, round, index] = typeof id === 'string' ? (QUESTION_ID.exec(id) ?? []) : [];
  return stream === undefined || round === undefined ? null : { stream, round, index: Number(index) };
}
