/**
 * The input that the tools `publish` and `request` share: the feed, the topic, the payload, and the properties of a
 * message.
 */
import * as z from 'zod';
import { listedAs } from '../../base/schema/json-schema.ts';
import type { MqttMessage, MqttRequest } from '../mqtt-session/messages.ts';
import type { MqttRules } from './publish-rules.ts';
import { payloadSchema, type Shown } from './tool-texts.ts';

/** A list, because many clients know no names that a schema does not list; the object by name is taken as well. */
const Properties = z
  .array(z.strictObject({ name: z.string(), value: z.string() }))
  .refine((given) => new Set(given.map(({ name }) => name)).size === given.length, {
    error: 'Expected each name once',
  });
const UserProperties = listedAs(
  z
    .union([Properties, z.record(z.string(), z.string())])
    .transform((given) =>
      Array.isArray(given) ? Object.fromEntries(given.map(({ name, value }) => [name, value])) : given,
    ),
  z.array(z.object({ name: z.string(), value: z.string() })),
);

/** The fields of a message. Fields that no feed of the app can use are left out. */
export function messageShape(outlets: ReadonlyMap<string, MqttRules>, shown: readonly Shown[]) {
  const names = [...new Set(shown.map(({ feed }) => feed))];
  const properties = names.some((name) => outlets.get(name)?.properties === true);
  return {
    ...(names.length > 1 ? { feed: z.enum(names).describe('Which feed the topic is of') } : {}),
    topic: z.string().min(1).describe('One topic, without wildcards, that one of the patterns matches'),
    payload: payloadSchema(shown),
    qos: z
      .int()
      .min(0)
      .max(1)
      .optional()
      .describe('1: the broker acknowledges the message; 0: nobody does. Default: as declared, mostly 1'),
    ...(properties
      ? {
          contentType: z.string().max(256).optional(),
          expirySeconds: z.int().min(1).optional().describe('The broker drops it undelivered after so long'),
          userProperties: UserProperties.optional(),
        }
      : {}),
  };
}

/** Splits the input into the feed and the message. Fields that were not given are left out. */
export function messageOf(
  input: Readonly<Record<string, unknown>>,
  shown: readonly Shown[],
): { feed: string; message: MqttMessage & MqttRequest } {
  const { feed = shown[0]?.feed, ...rest } = input;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  return { feed: String(feed), message: Object.fromEntries(given) as unknown as MqttMessage & MqttRequest };
}
