/** mcporter is called on the command line, and a model reads what it prints. */
import { output } from '../run-program.mjs';
import { speak } from '../speak.mjs';

const CLI = 'node_modules/mcporter/dist/cli.js';
let server = [];

speak({
  connect({ url, program, args, env }) {
    const variables = Object.entries(env ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    server = url
      ? ['--http-url', url, '--allow-http']
      : ['--stdio', program, ...args.flatMap((each) => ['--stdio-arg', each]), ...variables];
    server.push('--name', 'tidegate');
  },
  async list() {
    const { tools } = JSON.parse(await output(CLI, ['list', ...server, '--schema', '--json']));
    return tools.map(({ name, inputSchema }) => ({ name, schema: inputSchema }));
  },
  call: (name, args) => output(CLI, ['call', ...server, '--tool', name, '--args', JSON.stringify(args)]),
  close: () => {},
});
