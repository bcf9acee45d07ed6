/** The mistakes in the hosts that a feed allows beside the public ones. Pure. */
import type { Problem } from '../../declare/problem.ts';

export function allowProblems(allow: readonly string[]): Problem[] {
  return allow.flatMap((host, index) => {
    // A URL parser judges hosts better than a pattern; what it changes (case aside) was no bare host.
    const read = URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`) : null;
    if (read?.pathname === '/' && read.search === '' && read.username === '' && !host.includes('/')) return [];
    return [{ path: `allow.${index}`, expected: 'a host name or host:port, without a scheme', found: host }];
  });
}
