/** The Inspector's command line: a process for each request, and whoever runs it reads what it prints. */
import { output } from '../run-program.mjs';
import { speak } from '../speak.mjs';

const CLI = 'node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js';
let server = null;

async function ask(...args) {
  const { target, env, options } = server;
  return JSON.parse(await output(CLI, ['--cli', ...options, ...target, '-q', ...args], env));
}

speak({
  connect({ url, program, args, env = {} }) {
    const options = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    server = { target: url ? [url] : [program, ...args], env, options };
  },
  async list() {
    const { tools } = await ask('--method', 'tools/list');
    return tools.map(({ name, inputSchema }) => ({ name, schema: inputSchema }));
  },
  call(name, args) {
    const pairs = Object.entries(args).flatMap(([key, value]) => ['--tool-arg', `${key}=${JSON.stringify(value)}`]);
    return ask('--method', 'tools/call', '--tool-name', name, ...pairs);
  },
  close: () => {},
});
