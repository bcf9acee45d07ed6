/**
 * The two calls of SQS that a function makes: it sends a message, and has one come back sooner than the queue would bring it. They are
 * signed by the signer of AWS's own client. Its client for SQS would take ten times as long to load, for the same two requests.
 *
 * A message is a hint, so a call may be made twice: a connection that broke while the instance was frozen is no failure.
 */
import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { backoff } from '../../base/backoff.ts';
import { TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Runtime } from '../../base/runtime.ts';

interface SqsAccess {
  queueUrl: string;
  /** Null: the host of the queue's URL. */
  endpoint: string | null;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

export interface Sqs {
  /** @throws TidegateError `upstream` where the queue does not take it within 2 s */
  send(body: JsonObject, delaySeconds: number): Promise<void>;
  /** Has a message that was received come again after so many seconds. Errors as `send`. */
  release(receiptHandle: string, delaySeconds: number): Promise<void>;
}

/** How long a call may take with its tries, and one try, ms. */
const CALL_MS = 2_000;
const TRY_MS = 900;
const PAUSES = { firstMs: 50, mostMs: 400 };

/** The hash that the signer asks for. */
class Sha256 {
  #hash;
  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

export function createSqs(
  { queueUrl, endpoint, region, credentials }: SqsAccess,
  { now, random, sleep, fetch }: Pick<Runtime, 'now' | 'random' | 'sleep' | 'fetch'>,
): Sqs {
  const url = new URL('/', endpoint ?? queueUrl);
  const signer = new SignatureV4({ service: 'sqs', region, credentials, sha256: Sha256 });

  async function ask(action: string, input: JsonObject): Promise<Response> {
    const { headers, body } = await signer.sign(
      {
        method: 'POST',
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query: {},
        headers: {
          host: url.host,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `AmazonSQS.${action}`,
        },
        body: JSON.stringify({ QueueUrl: queueUrl, ...input }),
      },
      { signingDate: new Date(now()) },
    );
    // The platform writes it, as it was signed.
    const { host: _, ...sent } = headers;
    return fetch(url, { method: 'POST', headers: sent, body: body as string, signal: AbortSignal.timeout(TRY_MS) });
  }

  async function call(action: string, input: JsonObject): Promise<void> {
    const until = now() + CALL_MS;
    for (let attempt = 0; ; attempt += 1) {
      let failure: TidegateError;
      try {
        const response = await ask(action, input);
        if (response.ok) return void (await response.arrayBuffer());
        failure = await refusalOf(response, action);
        if (response.status < 500 && response.status !== 429 && !/Throttl/.test(failure.message)) throw failure;
      } catch (thrown) {
        if (thrown instanceof TidegateError) throw thrown;
        failure = new TidegateError('upstream', `SQS was not reached: ${String(thrown)}`, { cause: thrown });
      }
      const pause = backoff(PAUSES, attempt, random());
      if (now() + pause + TRY_MS > until) throw failure;
      await sleep(pause);
    }
  }

  return {
    send: (body, delaySeconds) =>
      call('SendMessage', {
        MessageBody: JSON.stringify(body),
        ...(delaySeconds > 0 ? { DelaySeconds: delaySeconds } : {}),
      }),
    release: (ReceiptHandle, VisibilityTimeout) =>
      call('ChangeMessageVisibility', { ReceiptHandle, VisibilityTimeout }),
  };
}

const REASON_CHARACTERS = 300;

async function refusalOf(response: Response, action: string): Promise<TidegateError> {
  const text = await response.text();
  const reason = `${response.status} ${text.slice(0, REASON_CHARACTERS)}`;
  return new TidegateError('upstream', `SQS refuses ${action}: ${reason}`, {
    field: 'TASKS_QUEUE_URL',
    expected: 'the URL of a queue to which the role of the function may send',
  });
}
