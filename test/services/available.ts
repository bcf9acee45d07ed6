/**
 * Which real servers this machine has. A suite that needs one begins with
 * `describe.skipIf(!requireService('redis'))('… (needs redis-server)', …)`.
 */
import { findProgram } from '../../infra/local/programs.ts';

const PROGRAMS = {
  redis: { program: 'redis-server', install: 'apt-get install redis-server' },
  mosquitto: { program: 'mosquitto', install: 'apt-get install mosquitto' },
  // DynamoDB Local itself is a development dependency.
  dynamodb: { program: 'java', install: 'apt-get install default-jre-headless' },
} as const;

export type Service = keyof typeof PROGRAMS;

export const SERVICES = Object.keys(PROGRAMS) as Service[];

export function available(service: Service): boolean {
  return findProgram(PROGRAMS[service].program) !== null;
}

/** The command that installs it on Debian. */
export function installCommand(service: Service): string {
  return PROGRAMS[service].install;
}

/** Whether the server is there; where it is not, says why the suite is skipped. @throws with `CI=true`, where nothing may be skipped. */
export function requireService(service: Service): boolean {
  if (available(service)) return true;
  const reason = `${PROGRAMS[service].program} is not installed (${installCommand(service)})`;
  if (process.env['CI'] === 'true') throw new Error(`CI=true and ${reason}`);
  console.warn(`skipped: ${reason}`);
  return false;
}
