/** The secrets of an HTTP tool, as its declaration has them. */
import type { OpenSecrets } from '../declare/check/open-secrets.ts';
import { type Secret, secretsWithin } from '../declare/secret.ts';
import type { HttpSpec } from '../declare/http-tool.ts';

export type ToolSecrets = OpenSecrets;

export function secretsIn({ api, query, headers, guard }: HttpSpec): Secret[] {
  return secretsWithin([api?.url, api?.headers, api?.query, query, headers, guard?.query]);
}
