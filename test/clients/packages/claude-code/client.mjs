/** Claude Code with a stand-in for its model: what it hands over is the content of the tool's result. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS, holdModel } from '../held-model.mjs';
import { speak } from '../speak.mjs';

const PREFIX = 'mcp__tidegate__';
const WRAPPER = 'node_modules/@anthropic-ai/claude-code/cli-wrapper.cjs';
/** Neither updates nor telemetry, and every tool shown from the beginning. */
const VARIABLES = {
  ANTHROPIC_API_KEY: 'none',
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  ENABLE_TOOL_SEARCH: 'false',
};

const usage = { input_tokens: 1, output_tokens: 1 };
let calls = 0;
let model = null;

function events(list) {
  return list.map((data) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`).join('');
}

function message(block, delta, reason) {
  const empty = { id: `msg_${calls}`, type: 'message', role: 'assistant', model: 'none', content: [], usage };
  return events([
    { type: 'message_start', message: { ...empty, stop_reason: null, stop_sequence: null } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'content_block_delta', index: 0, delta },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]);
}

const api = {
  turnOf(_path, { tools = [], messages = [] }) {
    const own = tools.filter(({ name }) => name.startsWith(PREFIX));
    if (own.length === 0) return null;
    const blocks = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []));
    const results = blocks.filter(({ type }) => type === 'tool_result');
    return {
      tools: own.map(({ name, input_schema: schema }) => ({ name: name.slice(PREFIX.length), schema })),
      result: results.at(-1)?.content ?? null,
    };
  },
  callOf(name, args) {
    calls += 1;
    const block = { type: 'tool_use', id: `toolu_${calls}`, name: `${PREFIX}${name}`, input: {} };
    return message(block, { type: 'input_json_delta', partial_json: JSON.stringify(args) }, 'tool_use');
  },
  aside(path, { stream }) {
    if (stream) {
      const said = message({ type: 'text', text: '' }, { type: 'text_delta', text: 'ok' }, 'end_turn');
      return { type: EVENTS, text: said };
    }
    const whole = {
      id: 'msg',
      type: 'message',
      role: 'assistant',
      model: 'none',
      content: [{ type: 'text', text: 'ok' }],
    };
    const counted = path.includes('count_tokens') ? { input_tokens: 1 } : { ...whole, usage, stop_reason: 'end_turn' };
    return { type: 'application/json', text: JSON.stringify(counted) };
  },
};

speak({
  async connect({ url, program, args, env }) {
    model = await holdModel(api);
    const tidegate = url ? { type: 'http', url } : { type: 'stdio', command: program, args, env };
    const config = join(process.env.HOME, 'mcp.json');
    writeFileSync(config, JSON.stringify({ mcpServers: { tidegate } }));
    const options = ['-p', 'go', '--mcp-config', config, '--strict-mcp-config', '--allowedTools', 'mcp__tidegate'];
    const variables = { ...process.env, ...VARIABLES, ANTHROPIC_BASE_URL: model.url };
    await model.start(process.execPath, [join(process.cwd(), WRAPPER), ...options], {
      cwd: process.env.HOME,
      env: variables,
    });
  },
  list: () => model.tools(),
  call: (name, args) => model.call(name, args),
  close: () => model?.close(),
});
