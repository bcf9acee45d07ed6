/** The package manager that called this command, as it says itself, and how it is called. */
import { spawn } from 'node:child_process';

interface PackageManager {
  name: 'npm' | 'pnpm' | 'yarn' | 'bun';
  /** Of what was added. */
  install: readonly string[];
  /** How packages for development are added. */
  add: string;
}

/** Nothing else tells it as surely: neither files of folders above, nor what is installed on the machine. Default: npm. */
export function packageManagerOf({ npm_config_user_agent: agent = '' }: NodeJS.ProcessEnv): PackageManager {
  const [found = 'npm'] = agent.split('/', 1);
  const name = found === 'pnpm' || found === 'yarn' || found === 'bun' ? found : 'npm';
  // What is audited and who asks for money is not what a new app is about.
  const add = name === 'npm' ? 'npm install --save-dev' : `${name} add --dev`;
  return { name, install: name === 'npm' ? ['install', '--no-audit', '--no-fund'] : ['install'], add };
}

/** Installs in a folder, and answers whether it went well. What the package manager says goes to standard error. */
export function install({ name, install: args }: PackageManager, folder: string): Promise<boolean> {
  return new Promise((resolve) => {
    // On Windows they are scripts, which only a shell runs. No argument comes from outside.
    const child = spawn(name, args, { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
    child.once('error', () => resolve(false));
    child.once('close', (status) => resolve(status === 0));
  });
}
