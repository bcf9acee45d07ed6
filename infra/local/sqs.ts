/**
 * A stand-in for one standard queue of SQS and for the event source mapping that brings its messages to a function, for development and
 * tests: the calls `SendMessage` and `ChangeMessageVisibility` of the JSON protocol, delays, visibility, and dead letters. It checks
 * each signature by the specification, with code of its own. It is no SQS: nothing is stored, one process has it all.
 */
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface QueueOptions {
  credentials: { accessKeyId: string; secretAccessKey: string };
  region: string;
  /** How long a message is not seen again after it was received, ms; default 30,000. */
  visibilityMs?: number;
  /** How often a message is received before it is a dead letter; default 5. */
  maxReceiveCount?: number;
  /** Whether each message is brought twice, as a standard queue may; default false. */
  doubles?: boolean;
}

export interface SqsMessage {
  id: string;
  body: string;
  delaySeconds: number;
  received: number;
  visibleAt: number;
}

export interface RunningQueue {
  /** Of the queue, as `TASKS_QUEUE_URL` has it. */
  url: string;
  /** For `AWS_ENDPOINT_URL_SQS`. */
  endpoint: string;
  /** Every message that was sent, in order, dead and done ones too. */
  sent: readonly SqsMessage[];
  deadLetters: readonly SqsMessage[];
  /** Messages that are neither done nor dead. */
  waiting(): number;
  /** Requests that were refused, with the reason. */
  refused: readonly string[];
  send(body: string, delaySeconds?: number): void;
  /** Brings messages to a function from now on, up to ten at once; null: to nobody. */
  consume(invoke: ((event: object) => Promise<unknown>) | null): void;
  /** Answers so many requests with 503. */
  fail(times: number): void;
  stop(): Promise<void>;
}

const ARN = 'arn:aws:sqs:eu-central-1:000000000000:tasks';
const LOOK_MS = 20;
const BATCH = 10;

export async function startSqs(options: QueueOptions): Promise<RunningQueue> {
  const { visibilityMs = 30_000, maxReceiveCount = 5, doubles = false } = options;
  const sent: SqsMessage[] = [];
  const refused: string[] = [];
  const deadLetters: SqsMessage[] = [];
  const waiting = new Set<SqsMessage>();
  const handles = new Map<string, SqsMessage>();
  let consumer: ((event: object) => Promise<unknown>) | null = null;
  let failures = 0;
  let isBusy = false;

  function send(body: string, delaySeconds = 0): SqsMessage {
    const message = { id: randomUUID(), body, delaySeconds, received: 0, visibleAt: Date.now() + delaySeconds * 1_000 };
    sent.push(message);
    waiting.add(message);
    if (doubles) waiting.add({ ...message });
    return message;
  }

  function call(action: string, input: Record<string, unknown>): object {
    if (action === 'SendMessage') {
      const { MessageBody: body, DelaySeconds: delay = 0 } = input;
      if (typeof body !== 'string' || body === '' || Buffer.byteLength(body) > 1_048_576)
        throw new Error('MessageBody');
      if (typeof delay !== 'number' || !Number.isInteger(delay) || delay < 0 || delay > 900)
        throw new Error('DelaySeconds');
      return { MessageId: send(body, delay).id, MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
    }
    if (action !== 'ChangeMessageVisibility') throw new Error(action);
    const { ReceiptHandle: handle, VisibilityTimeout: seconds } = input;
    const message = handles.get(String(handle));
    if (message === undefined) throw new Error('ReceiptHandle');
    if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > 43_200)
      throw new Error('VisibilityTimeout');
    message.visibleAt = Date.now() + seconds * 1_000;
    return {};
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const answer = (status: number, value: object) => {
      const headers = { 'Content-Type': 'application/x-amz-json-1.0' };
      response.writeHead(status, headers).end(JSON.stringify(value));
    };
    const refuse = (status: number, type: string, message: string) => {
      refused.push(`${status} ${type}: ${message}`);
      answer(status, { __type: `com.amazonaws.sqs#${type}`, message });
    };
    if (failures > 0) {
      failures -= 1;
      return refuse(503, 'ServiceUnavailable', 'as the test asked');
    }
    const wrong = wrongSignature(request, body, options);
    if (wrong !== null) return refuse(403, 'SignatureDoesNotMatch', wrong);
    const input = JSON.parse(body.toString()) as Record<string, unknown>;
    if (input['QueueUrl'] !== running.url) return refuse(400, 'QueueDoesNotExist', String(input['QueueUrl']));
    try {
      answer(200, call(String(request.headers['x-amz-target']).replace(/^AmazonSQS\./, ''), input));
    } catch (thrown) {
      refuse(400, 'InvalidParameterValue', String(thrown));
    }
  }

  async function look(): Promise<void> {
    const now = Date.now();
    const due = [...waiting].filter(({ visibleAt }) => visibleAt <= now).slice(0, BATCH);
    for (const message of due) {
      if (message.received < maxReceiveCount) continue;
      waiting.delete(message);
      deadLetters.push(message);
    }
    const batch = due.filter((message) => waiting.has(message));
    if (batch.length === 0 || consumer === null) return;
    const records = batch.map((message) => {
      message.received += 1;
      message.visibleAt = now + visibilityMs;
      const receiptHandle = randomUUID();
      handles.set(receiptHandle, message);
      return {
        messageId: message.id,
        receiptHandle,
        body: message.body,
        attributes: { ApproximateReceiveCount: String(message.received), SentTimestamp: String(now) },
        messageAttributes: {},
        eventSource: 'aws:sqs',
        eventSourceARN: ARN,
        awsRegion: options.region,
      };
    });
    try {
      const answered = (await consumer({ Records: records })) as {
        batchItemFailures?: { itemIdentifier: string }[];
      } | null;
      const kept = new Set(answered?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
      for (const message of batch) if (!kept.has(message.id)) waiting.delete(message);
    } catch {
      // All of them are seen again when their time is over.
    }
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    void look().finally(() => (isBusy = false));
  }, LOOK_MS);
  const running: RunningQueue = {
    url: `${endpoint}/000000000000/tasks`,
    endpoint,
    sent,
    deadLetters,
    refused,
    waiting: () => waiting.size,
    send: (body, delaySeconds) => void send(body, delaySeconds),
    consume: (invoke) => void (consumer = invoke),
    fail: (times) => void (failures = times),
    async stop() {
      clearInterval(timer);
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return running;
}

const sha = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');

/** Signature Version 4, from what came over the wire. Null: the request is signed with these credentials. */
function wrongSignature(request: IncomingMessage, body: Buffer, { credentials, region }: QueueOptions): string | null {
  const given =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/sqs\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    );
  if (given === null) return 'no signature';
  const [, id, day = '', ofRegion, names = '', signature] = given;
  const time = String(request.headers['x-amz-date']);
  if (id !== credentials.accessKeyId || ofRegion !== region || !time.startsWith(day)) return 'another credential';
  const signed = names.split(';');
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => signed.includes(name))) return 'a header is not signed';
  const headers = signed.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('');
  const url = new URL(request.url ?? '/', 'http://queue');
  const canonical = [request.method, url.pathname, '', headers, names, sha(body)].join('\n');
  const text = ['AWS4-HMAC-SHA256', time, `${day}/${region}/sqs/aws4_request`, sha(canonical)].join('\n');
  const key = [day, region, 'sqs', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  return createHmac('sha256', key).update(text).digest('hex') === signature ? null : 'another signature';
}
