/** What the official suite expects a server to offer (its scenarios name each thing), declared with the public API alone. */
import * as z from 'zod';
import { defineApp, type JsonObject, prompt, resource, stream, tool } from '../../src/index.ts';
import { askingPrompts, askingTools, legacyAskingTools } from './asking.ts';
import { besideTasks, conformanceTasks } from './tasks.ts';

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
/** A WAV file without a sample. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';

const text = (uri: string, content: string) => [{ uri, mimeType: 'text/plain', text: content }];

const jsonSchema: JsonObject = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

export const conformanceApp = defineApp({
  name: 'conformance',
  version: '1.0.0',
  description: 'What the MCP conformance suite asks a server for',
  streams: {
    ticks: stream({
      description: 'Ticks of a clock that nothing feeds here.',
      schema: z.object({ at: z.number().describe('when, epoch ms') }),
      time: 'at',
    }),
  },
  tasks: conformanceTasks,
  tools: {
    ...askingTools,
    ...legacyAskingTools,
    ...besideTasks,
    test_simple_text: tool({
      description: 'Answers a text.',
      run: () => Promise.resolve('This is a simple text response for testing.'),
    }),
    test_image_content: tool({
      description: 'Answers an image.',
      run: () => Promise.resolve({ content: [{ type: 'image', data: PNG, mimeType: 'image/png' }] }),
    }),
    test_audio_content: tool({
      description: 'Answers a sound.',
      run: () => Promise.resolve({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
    }),
    test_embedded_resource: tool({
      description: 'Answers a resource within the content.',
      run: () => {
        const [contents] = text('test://embedded-resource', 'This is an embedded resource content.');
        return Promise.resolve({ content: contents ? [{ type: 'resource', resource: contents }] : [] });
      },
    }),
    test_multiple_content_types: tool({
      description: 'Answers a text, an image and a resource.',
      run: () =>
        Promise.resolve({
          text: 'Multiple content types test:',
          content: [
            { type: 'image', data: PNG, mimeType: 'image/png' },
            {
              type: 'resource',
              resource: {
                uri: 'test://mixed-content-resource',
                mimeType: 'application/json',
                text: '{"test":"data","value":123}',
              },
            },
          ],
        }),
    }),
    test_tool_with_logging: tool({
      description: 'Sends three log messages.',
      run: (_input, { log }) => {
        log('info', 'Tool execution started');
        log('info', 'Tool processing data');
        log('info', 'Tool execution completed');
        return Promise.resolve('Three messages were sent.');
      },
    }),
    test_logging_tool: tool({
      description: 'Sends a log message to whoever asked for one.',
      run: (_input, { log }) => {
        log('error', 'for those who asked');
        return Promise.resolve('logged');
      },
    }),
    test_error_handling: tool({
      description: 'Always fails.',
      run: () => Promise.reject(new Error('This tool intentionally returns an error for testing')),
    }),
    test_tool_with_progress: tool({
      description: 'Reports progress three times.',
      run: (_input, { progress }) => {
        for (const done of [0, 50, 100]) progress(done, 100);
        return Promise.resolve('Done in three steps.');
      },
    }),
    test_reconnection: tool({
      description: 'Ends the connection before it answers; the client comes back.',
      run: async (_input, { closeStream }) => {
        closeStream();
        await new Promise((resolve) => setTimeout(resolve, 100));
        return 'answered after the connection had ended';
      },
    }),
    test_streaming_elicitation: tool({
      description: 'Streams what it has before it answers; it asks for nothing.',
      run: (_input, { progress, log }) => {
        log('info', 'streaming');
        progress(1, 1);
        return Promise.resolve('streamed');
      },
    }),
    test_missing_capability: tool({
      description: 'Can run only where the client can sample.',
      clientCapabilities: { sampling: {} },
      run: () => Promise.resolve('the client can sample'),
    }),
    test_trigger_tool_change: tool({
      description: 'Tells that other tools are listed.',
      run: async (_input, { tools }) => {
        await tools.changed();
        return 'told';
      },
    }),
    test_trigger_prompt_change: tool({
      description: 'Tells that other prompts are listed.',
      run: async (_input, { prompts }) => {
        await prompts.changed();
        return 'told';
      },
    }),
    test_x_mcp_header: tool({
      description: 'Has a parameter that is repeated in a header.',
      input: z.object({ region: z.string().describe('where').meta({ 'x-mcp-header': 'Region' }) }),
      run: ({ region }) => Promise.resolve(`in ${region}`),
    }),
    json_schema_2020_12_tool: tool({
      description: 'Tool with JSON Schema 2020-12 features',
      inputJsonSchema: jsonSchema,
      run: () => Promise.resolve('accepted'),
    }),
  },
  resources: {
    static_text: resource({
      uri: 'test://static-text',
      mimeType: 'text/plain',
      read: () => Promise.resolve('This is the content of the static text resource.'),
    }),
    static_binary: resource({
      uri: 'test://static-binary',
      mimeType: 'image/png',
      read: (_variables, { uri }) => Promise.resolve([{ uri, mimeType: 'image/png', blob: PNG }]),
    }),
    template: resource({
      uri: 'test://template/{id}/data',
      mimeType: 'application/json',
      read: ({ id }, { uri }) =>
        Promise.resolve([
          {
            uri,
            mimeType: 'application/json',
            text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
          },
        ]),
    }),
    watched: resource({
      uri: 'test://watched-resource',
      mimeType: 'text/plain',
      changes: [],
      read: (_variables, { uri }) => Promise.resolve(text(uri, 'It may change.')),
    }),
    example: resource({
      uri: 'test://example-resource',
      mimeType: 'text/plain',
      read: (_variables, { uri }) => Promise.resolve(text(uri, 'An example.')),
    }),
  },
  prompts: {
    ...askingPrompts,
    test_simple_prompt: prompt({
      description: 'A prompt without arguments.',
      run: () => Promise.resolve('This is a simple prompt for testing.'),
    }),
    test_prompt_with_arguments: prompt({
      description: 'A prompt of two arguments.',
      arguments: [
        {
          name: 'arg1',
          description: 'First test argument',
          required: true,
          complete: (value) => Promise.resolve(['test', 'testing', 'tested'].filter((word) => word.startsWith(value))),
        },
        { name: 'arg2', description: 'Second test argument', required: true },
      ],
      run: ({ arg1, arg2 }) => Promise.resolve(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
    }),
    test_prompt_with_embedded_resource: prompt({
      description: 'A prompt with a resource in it.',
      arguments: [{ name: 'resourceUri', description: 'URI of the resource to embed', required: true }],
      run: ({ resourceUri }) =>
        Promise.resolve([
          {
            role: 'user',
            content: {
              type: 'resource',
              resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' },
            },
          },
          { role: 'user', content: { type: 'text', text: 'Please process the embedded resource above.' } },
        ]),
    }),
    test_prompt_with_image: prompt({
      description: 'A prompt with an image in it.',
      run: () =>
        Promise.resolve([
          { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
          { role: 'user', content: { type: 'text', text: 'Please analyze the image above.' } },
        ]),
    }),
  },
});

export default conformanceApp;
