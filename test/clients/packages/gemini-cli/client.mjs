/** Gemini CLI with a stand-in for its model: what it hands over is the response of the function. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS, holdModel } from '../held-model.mjs';
import { speak } from '../speak.mjs';

const CLI = 'node_modules/@google/gemini-cli/bundle/gemini.js';
const PREFIX = /^(mcp_)?tidegate_+/;
let model = null;
let names = new Map();

function answer(parts) {
  return { candidates: [{ content: { role: 'model', parts }, finishReason: 'STOP', index: 0 }] };
}

const api = {
  turnOf(path, { tools = [], contents = [] }) {
    const declared = tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations);
    const own = declared.filter(({ name }) => PREFIX.test(name));
    if (!path.includes('GenerateContent') || own.length === 0) return null;
    names = new Map(own.map(({ name }) => [name.replace(PREFIX, ''), name]));
    const results = contents.flatMap(({ parts = [] }) => parts.flatMap((part) => part.functionResponse ?? []));
    return {
      tools: own.map(({ name, parametersJsonSchema: schema }) => ({ name: name.replace(PREFIX, ''), schema })),
      result: results.at(-1)?.response ?? null,
    };
  },
  callOf(name, args) {
    const call = answer([{ functionCall: { name: names.get(name), args } }]);
    return `data: ${JSON.stringify(call)}\n\n`;
  },
  aside(path) {
    const text = JSON.stringify(answer([{ text: '{}' }]));
    return path.includes('alt=sse') ? { type: EVENTS, text: `data: ${text}\n\n` } : { type: 'application/json', text };
  },
};

speak({
  async connect({ url, program, args, env }) {
    model = await holdModel(api);
    const home = process.env.HOME;
    const tidegate = { ...(url ? { httpUrl: url } : { command: program, args, env }), trust: true };
    mkdirSync(join(home, '.gemini'));
    const settings = {
      mcpServers: { tidegate },
      security: { auth: { selectedType: 'gemini-api-key' } },
      privacy: { usageStatisticsEnabled: false },
      general: { enableAutoUpdate: false },
    };
    writeFileSync(join(home, '.gemini/settings.json'), JSON.stringify(settings));
    const variables = { ...process.env, GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: model.url };
    const options = [join(process.cwd(), CLI), '-p', 'go', '--approval-mode', 'yolo', '-m', 'gemini-2.5-pro'];
    await model.start(process.execPath, options, {
      cwd: home,
      env: { ...variables, GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    });
  },
  list: () => model.tools(),
  call: (name, args) => model.call(name, args),
  close: () => model?.close(),
});
