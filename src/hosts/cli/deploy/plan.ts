/** What a deployment is going to do, as a table and as JSON. Nothing of a secret is in it but its name. Pure. */
import { oneLine } from '../../../base/plain.ts';
import type { PlatformFinding } from '../../platforms/finding.ts';
import { table } from '../../../operate/table.ts';

export interface DeployStep {
  what: string;
  /** `unknown`: a dry run does not ask the platform. */
  state: 'there' | 'to do' | 'gone' | 'unknown';
  /** What is run for it, with secrets left out. Null: no command. */
  command: string | null;
}

export interface DeployPlan {
  platform: 'cloudflare' | 'aws';
  does: 'deploy' | 'destroy';
  /** Of the Worker, or of the stack. */
  name: string;
  /** The environment of wrangler, or the stage. Null: the one without a name. */
  environment: string | null;
  /** Whose it is going to be. Null: not known, or not asked. */
  account: string | null;
  isDry: boolean;
  findings: readonly PlatformFinding[];
  steps: readonly DeployStep[];
  /** What stays, in words: data above all. */
  stays: readonly string[];
  bundle: { bytes: number; gzippedBytes: number } | null;
}

const PLATFORMS = { cloudflare: 'Cloudflare Workers', aws: 'AWS' };

export function hasErrors({ findings }: Pick<DeployPlan, 'findings'>): boolean {
  return findings.some(({ level }) => level === 'error');
}

/** The plan for people. @param size the bundle's, in words */
export function planLines(plan: DeployPlan, size: string | null): string[] {
  const { platform, name, environment, account, findings, steps, stays, isDry, does } = plan;
  const of = environment === null ? '' : ` (${platform === 'aws' ? 'stage' : 'environment'} ${environment})`;
  const whose = account === null ? '' : `, account ${account}`;
  const rows = steps.map(({ what, state, command }) => [`  ${what}`, state, command ?? '']);
  return [
    oneLine(`${does} ${name}${of} on ${PLATFORMS[platform]}${whose}${isDry ? ': a dry run, which makes nothing' : ''}`),
    '',
    ...table([['  step', 'state', 'command'], ...rows]),
    ...(size === null ? [] : ['', `  bundle: ${size}`]),
    ...(stays.length === 0 ? [] : ['', ...stays.map((one) => oneLine(`  stays: ${one}`))]),
    ...(findings.length === 0 ? [] : ['', ...findings.flatMap(findingLines)]),
  ];
}

/** Errors stand last, where a terminal shows them. */
export function sortedFindings(findings: readonly PlatformFinding[]): PlatformFinding[] {
  return findings.toSorted((a, b) => Number(a.level === 'error') - Number(b.level === 'error'));
}

function findingLines({ level, field, message, fix }: PlatformFinding): string[] {
  const [first = '', ...more] = message.split('\n');
  return [
    `  ${level}: ${field}: ${first}`,
    ...more.map((line) => `    ${line}`),
    ...fix.split('\n').map((line) => `    ${line}`),
  ].map(oneLine);
}
