/**
 * Erases entries: it rewrites the segments that hold them, one by one, each on condition that nobody else has rewritten it
 * since it was read. After an interruption the same call rewrites the segments that are left. A segment at the floor loses
 * its trimmed entries too. It neither moves a place nor changes when something was appended.
 */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import * as limits from '../limits.ts';
import type { Store } from '../store.ts';
import type { DynamoClient } from './client.ts';
import { numberAttribute, type Keys } from './item.ts';
import type { LogReader } from './log.ts';
import { packEntries, unpackSegment, type Segment } from './segments.ts';

/** What stands in the place of an entry that was trimmed: nobody reads it. */
const NOTHING = 'null';

export function createErase(client: DynamoClient, keys: Keys, logs: LogReader): Store['erase'] {
  const TableName = client.table;

  /** Writes a segment if it is still as it was read. Answers whether it was. */
  async function replace(log: string, segment: Segment, texts: readonly string[], until: number): Promise<boolean> {
    const { first, item } = segment;
    const data = await packEntries(texts);
    const [name = 'j'] = Object.keys(data);
    const rewritten = item?.['r'] === undefined ? null : numberAttribute(item, 'r');
    const command = new UpdateItemCommand({
      TableName,
      Key: keys.segment(log, first),
      UpdateExpression: `SET ${name} = :data, r = :next REMOVE ${name === 'j' ? 'd' : 'j'}`,
      ConditionExpression: `c = :count AND ${rewritten === null ? 'attribute_not_exists(r)' : 'r = :last'}`,
      ExpressionAttributeValues: {
        ':data': data[name] ?? { S: '[]' },
        ':next': { N: String((rewritten ?? 0) + 1) },
        ':count': { N: String(texts.length) },
        ...(rewritten === null ? {} : { ':last': { N: String(rewritten) } }),
      },
    });
    return client.ask(
      async (dynamo, options) => {
        try {
          await dynamo.send(command, options);
          return true;
        } catch (error) {
          if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
          throw error;
        }
      },
      { until },
    );
  }

  return async (log, erasures) => {
    const places = limits.checkErasures(erasures);
    if (places.length === 0) return;
    await logs.seen(log, async (view, until) => {
      if (view === null) return true;
      const { epoch, floor, end } = view.span;
      const here = places.filter((one) => one.epoch === epoch && one.place >= floor && one.place < end);
      if (here.length === 0) return true;
      const erased = new Map(here.map(({ place, text }) => [place, text]));
      const from = Math.min(...erased.keys());
      const segments = await logs.cover(log, view, from, Math.max(...erased.keys()) + 1, until);
      if (segments === null) return null;
      for (const segment of segments) {
        const texts = await erasedTexts(segment, erased, floor);
        if (texts !== null && !(await replace(log, segment, texts, until))) return null;
      }
      return true;
    });
  };
}

/** The entries of a segment as they are to be, as JSON; null where it holds them already. */
async function erasedTexts(
  segment: Segment,
  erased: ReadonlyMap<number, string>,
  floor: number,
): Promise<string[] | null> {
  const touched = Array.from({ length: segment.end - segment.first }, (_, i) => erased.has(segment.first + i));
  if (!touched.includes(true)) return null;
  const texts = (await unpackSegment(segment)).map((value) => JSON.stringify(value));
  const next = texts.map((text, i) => (segment.first + i < floor ? NOTHING : (erased.get(segment.first + i) ?? text)));
  return next.every((text, i) => text === texts[i]) ? null : next;
}
