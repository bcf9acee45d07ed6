/** The driver `dynamodb`: one table in DynamoDB at AWS, or in DynamoDB Local. */
import * as z from 'zod';
import { urlVariable } from '../../base/config/config.ts';
import type { DriverValues, StoreDriver } from '../driver.ts';
import { createLazyStore } from '../lazy.ts';
import { PORTABLE_LIMITS } from '../limits.ts';
import type { DynamoAccess } from './client.ts';

const variables = {
  DYNAMODB_TABLE: z
    .string()
    .regex(/^[\w.-]{3,255}$/, "expected a table's name: 3 to 255 letters, digits, dots, hyphens and underscores"),
  /** Default: AWS's own endpoint. */
  AWS_ENDPOINT_URL_DYNAMODB: urlVariable(['https:', 'http:']).optional(),
  /**
   * Default for the region and the credentials: what AWS's client finds by itself, which it does on Node and Lambda
   * only.
   */
  AWS_REGION: z
    .string()
    .regex(/^[\w-]+$/, 'expected a region of AWS, e.g. eu-central-1')
    .optional(),
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
};

type Values = DriverValues<typeof variables>;

export const dynamodb: StoreDriver<typeof variables> = {
  name: 'dynamodb',
  variables,
  problems: halfOfCredentials,
  // AWS's client takes most of a cold start, so the first call loads it.
  open: async (values, { app, runtime: clock }) =>
    createLazyStore('dynamodb', PORTABLE_LIMITS, async () =>
      (await import('./store.ts')).createDynamodbStore({ ...accessOf(values), app, clock }),
    ),
  address: ({ AWS_ENDPOINT_URL_DYNAMODB }) =>
    AWS_ENDPOINT_URL_DYNAMODB
      ? {
          field: 'AWS_ENDPOINT_URL_DYNAMODB',
          expected: "the address of a DynamoDB that answers; not set for AWS's own",
        }
      : { field: 'AWS_REGION', expected: 'a region of AWS that this machine reaches, e.g. eu-central-1' },
};

/** Refuses one half of the credentials alone: AWS's client would then find others, which nobody meant. */
function halfOfCredentials(values: Partial<Values>): { field: string; expected: string }[] {
  const pair = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;
  const [unset, ...others] = pair.filter((name) => !values[name]);
  if (unset === undefined || others.length > 0) return [];
  const set = pair.find((name) => name !== unset);
  return [{ field: unset, expected: `expected to be set, because ${set} is` }];
}

export function accessOf(values: Values): DynamoAccess {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = values;
  const session = values.AWS_SESSION_TOKEN ? { sessionToken: values.AWS_SESSION_TOKEN } : {};
  return {
    table: values.DYNAMODB_TABLE,
    endpoint: values.AWS_ENDPOINT_URL_DYNAMODB ?? null,
    region: values.AWS_REGION ?? null,
    credentials: accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey, ...session } : null,
  };
}
