/** `tidegate deploy` and `tidegate destroy`: which platform, and with which options. */
import type { RunCommand } from '../kit/command.ts';
import { readDeployOptions } from './deploy-options.ts';

export const deployCommand: RunCommand = async (call) => {
  const options = await readDeployOptions('deploy', call);
  if (typeof options === 'number') return options;
  if (options.target === 'aws') return (await import('./deploy-aws.ts')).deployAws(options);
  return (await import('./deploy-cloudflare.ts')).deployCloudflare(options);
};

export const destroyCommand: RunCommand = async (call) => {
  const options = await readDeployOptions('destroy', call);
  if (typeof options === 'number') return options;
  if (options.target === 'aws') return (await import('./destroy-aws.ts')).destroyAws(options);
  return (await import('./destroy-cloudflare.ts')).destroyCloudflare(options);
};
