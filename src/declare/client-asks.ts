/**
 * What a handler may ask the client itself: an answer of the client's model, and the folders that the client works in.
 * MCP deprecates both since 2026-07-28. The server keeps them for clients that support them, and no other feature uses
 * them. This file is pure.
 */
import * as z from 'zod';
import type { JsonObject } from '../base/json.ts';

type SampleContent =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  /** What the model wanted to call, as it answered it before, and what came of that. */
  | { type: 'tool_use'; id: string; name: string; input: JsonObject }
  | {
      type: 'tool_result';
      toolUseId: string;
      content: JsonObject[];
      structuredContent?: JsonObject;
      isError?: boolean;
    };

/** @deprecated in MCP; ask a provider of models directly. */
export interface SampleParams {
  messages: { role: 'user' | 'assistant'; content: SampleContent | SampleContent[] }[];
  maxTokens: number;
  systemPrompt?: string;
  temperature?: number;
  stopSequences?: string[];
  modelPreferences?: JsonObject;
  /**
   * Tools that the model may want to call; the handler calls them, and asks again with what came of it. The client has to have
   * declared `sampling: { tools: {} }`.
   */
  tools?: { name: string; description?: string; inputSchema: JsonObject }[];
  /** Whether it may, must or must not want to call one. Default of MCP: it may. */
  toolChoice?: { mode: 'auto' | 'required' | 'none' };
}

/** @deprecated in MCP. */
export interface SampleRequest {
  kind: 'sample';
  params: SampleParams;
}

/** @deprecated in MCP; take folders as arguments. */
export interface RootsRequest {
  kind: 'roots';
}

/** The forms of content that MCP gives a model's answer, with the fields that each has to have. */
const AnsweredContent = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('text'), text: z.string() }),
  z.looseObject({ type: z.enum(['image', 'audio']), data: z.string(), mimeType: z.string() }),
  z.looseObject({
    type: z.literal('tool_use'),
    id: z.string(),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
  z.looseObject({
    type: z.literal('tool_result'),
    toolUseId: z.string(),
    content: z.array(z.looseObject({ type: z.string() })),
  }),
]);

export const SampleResult = z.looseObject({
  role: z.enum(['user', 'assistant']),
  content: z.union([AnsweredContent, z.array(AnsweredContent)]),
  model: z.string(),
  stopReason: z.string().optional(),
});
/**
 * What the client's model answered.
 * @deprecated in MCP.
 */
export type SampleResult = z.infer<typeof SampleResult>;

export const RootsResult = z.looseObject({
  roots: z.array(z.looseObject({ uri: z.string(), name: z.string().optional() })).max(1_000),
});
/**
 * A folder that the client works in.
 * @deprecated in MCP.
 */
export type Root = z.infer<typeof RootsResult>['roots'][number];
