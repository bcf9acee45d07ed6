/**
 * The SDK's transport over a pipe: a message a line. Each line that is no message is answered, with its id where that can
 * be known, and logged; the SDK's own transport drops it, and its sender waits for ever. An answer is never answered, so
 * that two sides that do not understand each other fall silent.
 */
import { sentJson } from '../../base/json.ts';
import type {
  JSONRPCMessage,
  JSONRPCNotification,
  JSONRPCRequest,
  Transport,
  TransportSendOptions,
} from '@modelcontextprotocol/server';
import { idOf, INTERNAL_ERROR, INVALID_REQUEST, isAnswer, PARSE_ERROR } from '../../base/json-rpc.ts';
import { readMessage } from '../../base/message-json.ts';
import type { Log } from '../../base/runtime.ts';
import { ENDING } from '../wire/errors.ts';
import { createLines, type Line } from '../wire/lines.ts';
import { formProblem, MOST_BATCHED } from '../wire/message.ts';
import { withoutNulls } from '../wire/nulls.ts';
import { createBatches } from './pipe-batches.ts';
import type { PipeChanges } from './pipe-changes.ts';

/** Both directions of a pipe, such as standard input and output. */
export interface Pipe {
  /**
   * Begins to read. `take` is called with what comes, `ended` once nobody reads any more, and `silent` once nothing more
   * comes from a side that may still read.
   */
  open(take: (bytes: Uint8Array) => void, ended: () => void, silent: () => void): void;
  /** Resolves when the text is on its way. */
  write(text: string): Promise<void>;
  /** Reads no more. */
  close(): void;
}

/** Longest line. */
const LINE_BYTES = 10_485_760;

interface Refusal {
  jsonrpc: '2.0';
  id: string | number | null;
  error: { code: number; message: string; data: { expected: string } };
}

interface PipeTransport extends Transport {
  /** Resolves when every request that came has its answer, or nobody reads any more. */
  answered(): Promise<void>;
  /** Answers every request that has no answer yet with an error, because the host ends. Nothing of them follows. */
  giveUp(): Promise<void>;
}

/** What a question is answered with in place of a client that writes no more. */
const SILENT = { code: INTERNAL_ERROR, message: 'the client writes no more' };

/** @param changesOf what answers some messages in place of the SDK. Default: nothing */
export function createPipeTransport(
  pipe: Pipe,
  log: Log,
  changesOf: ((send: (message: object) => Promise<void>) => PipeChanges) | null = null,
): PipeTransport {
  /** Ids of requests whose answer has not been written. */
  const open = new Set<unknown>();
  /** Those of them whose answer is not being written either: what belongs to them may still be sent. */
  const unanswered = new Set<unknown>();
  /** Ids of requests that were given up: what else they would be answered with is dropped. */
  const givenUp = new Set<unknown>();
  /** Ids of requests to the client that it has not answered. */
  const asked = new Set<string | number>();
  /** The client writes no more, so it answers nothing. */
  let isSilent = false;
  let whenAnswered: (() => void) | null = null;
  const batches = createBatches();
  const linesOf = createLines(LINE_BYTES);
  let isClosed = false;

  const send = (message: unknown): Promise<void> => pipe.write(`${sentJson(message)}\n`);

  function refusal(id: Refusal['id'], code: number, expected: string): Refusal {
    const message = code === PARSE_ERROR ? 'Parse error' : 'Not a JSON-RPC message';
    log('warn', `stdio: a message is refused: expected ${expected}`, { code, id });
    return { jsonrpc: '2.0', id, error: { code, message, data: { expected } } };
  }

  function answer(message: unknown): void {
    send(message).catch((error: unknown) => log('debug', `stdio: ${String(error)}`));
  }

  /** What is answered to one message at once; null where it is served, or is an answer. */
  function judge(message: unknown): Refusal | null {
    const expected = formProblem(message);
    if (expected === null) return null;
    const refused = refusal(idOf(message), INVALID_REQUEST, expected);
    return isAnswer(message) ? null : refused;
  }

  function takeLine(line: Line): void {
    if (!line.ok) {
      return answer(
        line.fault === 'bytes'
          ? refusal(null, PARSE_ERROR, 'a whole JSON text in UTF-8')
          : refusal(null, INVALID_REQUEST, `a line of at most ${LINE_BYTES} bytes`),
      );
    }
    if (line.text.trim() === '') return;
    const read = readMessage(line.text);
    if (!read.ok) {
      return answer(refusal(null, read.fault === 'text' ? PARSE_ERROR : INVALID_REQUEST, read.expected));
    }
    const message = withoutNulls(read.value);
    if (Array.isArray(message)) return takeBatch(message);
    const refused = judge(message);
    if (refused !== null) answer(refused);
    else serve(message);
  }

  function takeBatch(messages: readonly unknown[]): void {
    if (messages.length === 0 || messages.length > MOST_BATCHED) {
      return answer(refusal(null, INVALID_REQUEST, `a batch of 1 to ${MOST_BATCHED} messages`));
    }
    const refused: Refusal[] = [];
    const served: unknown[] = [];
    for (const message of messages) {
      const { method } = (message ?? {}) as { method?: unknown };
      const wrong =
        method === 'initialize'
          ? refusal(idOf(message), INVALID_REQUEST, 'initialize by itself, not in a batch')
          : judge(message);
      if (wrong !== null) refused.push(wrong);
      else served.push(message);
    }
    const ids = served.flatMap((message) => (isAnswer(message) ? [] : (idOf(message) ?? [])));
    const answers = batches.begin(refused, ids);
    if (answers !== null) answer(answers);
    served.forEach(serve);
  }

  function serve(message: unknown): void {
    if (isClosed || formProblem(message) !== null || changes?.takes(message) === true) return;
    const { method, params } = message as { method?: unknown; params?: { requestId?: unknown } };
    const id = isAnswer(message) ? null : idOf(message);
    if (isAnswer(message)) asked.delete((message as { id: string | number }).id);
    if (method === 'notifications/cancelled') cancelled(params?.requestId);
    else if (id !== null) [open, unanswered].forEach((ids) => ids.add(id));
    transport.onmessage?.(message as JSONRPCMessage);
  }

  /** The others of its batch wait for it no more. */
  function cancelled(id: unknown): void {
    const answers = batches.leave(id);
    if (answers !== null) answer(answers);
    done(id);
  }

  function close(): Promise<void> {
    if (!isClosed) {
      isClosed = true;
      pipe.close();
      changes?.close();
      transport.onclose?.();
      whenAnswered?.();
    }
    return Promise.resolve();
  }

  const changes = changesOf?.((message) => sendOne(message as JSONRPCMessage)) ?? null;

  async function sendOne(message: JSONRPCMessage, options?: TransportSendOptions): Promise<void> {
    const { relatedRequestId: request } = options ?? {};
    if ('method' in message && request !== undefined && !unanswered.has(request)) return dropped(message, request);
    if ('method' in message) noteAsked(message);
    else if (givenUp.has(message.id)) return;
    else unanswered.delete(message.id);
    const batched = batches.take(message);
    if (batched === null) await send(message);
    else if (batched.send !== null) await send(batched.send);
    if (!('method' in message)) done(message.id);
  }

  /**
   * What a handler sends when its request has been answered or cancelled. The client has forgotten the request, and MCP lets
   * nothing of it follow.
   * @throws Error where an answer would be waited for
   */
  function dropped(message: JSONRPCMessage, request: string | number): void {
    const method = 'method' in message ? message.method : '';
    log('debug', `stdio: ${method} is not sent: its request has been answered or cancelled`, { request });
    if ('id' in message) throw new Error(`${method} of a request that has been answered or cancelled`);
  }

  /** @throws Error where nobody can answer any more */
  function noteAsked(message: JSONRPCRequest | JSONRPCNotification): void {
    if (message.method === 'notifications/cancelled') asked.delete(message.params?.['requestId'] as string | number);
    if (!('id' in message)) return;
    if (isSilent) throw new Error(SILENT.message);
    asked.add(message.id);
  }

  /** Whoever waits for an answer of the client goes on at once. */
  function fallSilent(): void {
    isSilent = true;
    for (const id of asked) transport.onmessage?.({ jsonrpc: '2.0', id, error: SILENT });
    asked.clear();
  }

  async function giveUp(): Promise<void> {
    const ids = isClosed ? [] : ([...unanswered] as (string | number)[]);
    if (ids.length > 0) log('warn', 'stdio: requests are answered with an error, because the server ends', { ids });
    const sent = ids.map((id) => sendOne({ jsonrpc: '2.0', id, error: ENDING }));
    for (const id of ids) givenUp.add(id);
    await Promise.all(sent);
  }

  /** An answer is written, or none will come because its request was cancelled. */
  function done(id: unknown): void {
    unanswered.delete(id);
    if (open.delete(id) && open.size === 0) whenAnswered?.();
  }

  const transport: PipeTransport = {
    start() {
      pipe.open(
        (bytes) => linesOf(bytes).forEach(takeLine),
        () => void close(),
        fallSilent,
      );
      return Promise.resolve();
    },
    send: sendOne,
    close,
    answered: () => new Promise((resolve) => (open.size === 0 || isClosed ? resolve() : (whenAnswered = resolve))),
    giveUp,
  };
  return transport;
}
