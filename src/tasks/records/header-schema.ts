/** The schema of a task's header, as it is stored. Schemas are made when they are needed: a start makes none. */
import * as z from 'zod';
import type { Json } from '../../base/json.ts';
import { ERROR_CODES } from '../../base/errors.ts';

export function headerSchema() {
  return z.object({
    task: z.string(),
    version: z.string(),
    principal: z.object({
      tenant: z.string(),
      subject: z.string(),
      client: z.string().nullable(),
      scopes: z.array(z.string()),
    }),
    status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
    message: z.string().nullable(),
    createdAt: z.number(),
    updatedAt: z.number(),
    ttlMs: z.number(),
    endsBy: z.number(),
    asks: z.record(
      z.string(),
      z.object({
        method: z.enum(['elicitation/create', 'sampling/createMessage', 'roots/list']),
        params: z.record(z.string(), z.custom<Json>()),
      }),
    ),
    result: toolResult().nullable(),
    pages: z.number(),
    failure: failure().nullable(),
    origin: z.string(),
    needs: z.array(z.string()).optional(),
    session: z.string().optional(),
  });
}

function annotations() {
  return z.object({
    audience: z.array(z.enum(['user', 'assistant'])).optional(),
    priority: z.number().optional(),
    lastModified: z.string().optional(),
  });
}

function icon() {
  return z.object({
    src: z.string(),
    mimeType: z.string().optional(),
    sizes: z.array(z.string()).optional(),
    theme: z.enum(['light', 'dark']).optional(),
  });
}

function contentBlock() {
  return z.discriminatedUnion('type', [
    z.object({ type: z.literal('text'), text: z.string(), annotations: annotations().optional() }),
    z.object({
      type: z.enum(['image', 'audio']),
      data: z.string(),
      mimeType: z.string(),
      annotations: annotations().optional(),
    }),
    z.object({
      type: z.literal('resource'),
      resource: z.object({
        uri: z.string(),
        mimeType: z.string().optional(),
        text: z.string().optional(),
        blob: z.string().optional(),
      }),
      annotations: annotations().optional(),
    }),
    z.object({
      type: z.literal('resource_link'),
      uri: z.string(),
      name: z.string(),
      title: z.string().optional(),
      description: z.string().optional(),
      mimeType: z.string().optional(),
      size: z.number().optional(),
      icons: z.array(icon()).optional(),
      annotations: annotations().optional(),
    }),
  ]);
}

function toolResult() {
  return z.object({
    content: z.array(contentBlock()),
    structuredContent: z.custom<Json>().optional(),
    isError: z.boolean().optional(),
    _meta: z.record(z.string(), z.custom<Json>()).optional(),
  });
}

function failure() {
  return z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    field: z.string().optional(),
    expected: z.string().optional(),
    hint: z.string().optional(),
  });
}
