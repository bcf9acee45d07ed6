/**
 * Reads items of records, strongly consistent: those that are asked for in one turn in one request (BatchGetItem). It is no
 * transaction: each item is as it is at a moment of its own. What befalls the request befalls all who have a part in it; keys that
 * DynamoDB leaves unread delay only those who asked for them.
 */
import { BatchGetItemCommand, type BatchGetItemCommandOutput, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { createGathering, type Gathering, inParts } from '../gather.ts';
import type { RecordKey } from '../store.ts';
import type { DynamoClient, DynamoClock } from './client.ts';
import type { Item, Keys } from './item.ts';

/** What BatchGetItem takes. */
const KEYS_AT_ONCE = 100;

export interface ItemReader {
  /**
   * The items that exist, by `recordName`.
   * @throws TidegateError as `ask` of the client; `store_unavailable` where keys stay unread until the time is up
   */
  read(wanted: readonly RecordKey[]): Promise<ReadonlyMap<string, Item>>;
  /** The same, which calls `onRequest` for each of its reads before each request in which that has a part. */
  observed(onRequest: () => void): ItemReader;
}

interface Asked {
  /** By `recordName`. */
  keys: ReadonlyMap<string, Item>;
  onRequest: () => void;
  resolve: (items: ReadonlyMap<string, Item>) => void;
  reject: (error: unknown) => void;
}

/** @param client without observers: each caller has its own */
export function createItemReader(client: DynamoClient, keys: Keys, afterTurn: DynamoClock['afterTurn']): ItemReader {
  const { table } = client;

  /** Whoever has all of its keys is answered, however long others wait for theirs. */
  async function sendPart(part: readonly Asked[]): Promise<void> {
    const until = client.until();
    const found = new Map<string, Item>();
    let open = [...part];
    let asked = new Map(part.flatMap((each) => [...each.keys]));
    try {
      for (let attempt = 0; open.length > 0; attempt += 1) {
        const asking = open;
        const sending = client.observed(() => asking.forEach(({ onRequest }) => onRequest()));
        const answer = await (asked.size === 1 ? getOne(sending, asked, until) : getMany(sending, asked, until));
        for (const item of answer.items) found.set(recordName(keys.recordOf(item)), item);
        asked = new Map(answer.unread.map((key) => [recordName(keys.recordOf(key)), key]));
        const left = open.filter(({ keys: own }) => [...own.keys()].some((name) => asked.has(name)));
        for (const one of open) if (!left.includes(one)) one.resolve(found);
        open = left;
        // An answer also leaves keys out when it is above 16 MB. It then has items, and there is no need to wait.
        if (open.length > 0 && answer.items.length === 0) await client.pause(attempt, until, unprocessed(table));
      }
    } catch (error) {
      for (const { reject } of open) reject(error);
    }
  }

  async function getOne(sending: DynamoClient, asked: ReadonlyMap<string, Item>, until: number) {
    const [Key] = asked.values();
    const command = new GetItemCommand({ TableName: table, Key, ConsistentRead: true });
    const { Item: item } = await sending.ask((dynamo, options) => dynamo.send(command, options), { until });
    return { items: item === undefined ? [] : [item], unread: [] };
  }

  async function getMany(sending: DynamoClient, asked: ReadonlyMap<string, Item>, until: number) {
    const RequestItems = { [table]: { Keys: [...asked.values()], ConsistentRead: true } };
    const answer: BatchGetItemCommandOutput = await sending.ask(
      (dynamo, options) => dynamo.send(new BatchGetItemCommand({ RequestItems }), options),
      { until },
    );
    return { items: answer.Responses?.[table] ?? [], unread: answer.UnprocessedKeys?.[table]?.Keys ?? [] };
  }

  function send(asked: readonly Asked[]): void {
    const bounds = { most: Infinity, mostSize: KEYS_AT_ONCE };
    for (const part of inParts(asked, bounds, ({ keys: own }) => own.size)) void sendPart(part);
  }

  function through(gathering: Gathering<Asked>, onRequest: () => void): ItemReader {
    return {
      async read(wanted) {
        if (wanted.length === 0) return new Map();
        const own = new Map(wanted.map((key) => [recordName(key), keys.record(key)]));
        return new Promise((resolve, reject) => gathering.ask({ keys: own, onRequest, resolve, reject }));
      },
      observed: (observer) => through(gathering.forCaller(), observer),
    };
  }

  return through(createGathering(afterTurn, send), () => {});
}

export function recordName({ partition, id }: RecordKey): string {
  return `${partition.length} ${partition}${id}`;
}

function unprocessed(table: string): Error {
  return new Error(`${table} left keys unread until the time was up`);
}
