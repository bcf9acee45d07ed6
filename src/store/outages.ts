/**
 * Tells an outage once, and not with each request that it refuses: a log on the disk that is full would take what becomes free. It is
 * told again each minute with how many were refused meanwhile, and once it is over.
 */
import type { JsonObject } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';

const AGAIN_MS = 60_000;

interface Outages {
  failed(code: string, message: string, fields: Record<string, string>): void;
  /** Something was stored. */
  worked(): void;
}

/** @param what is refused: `push` */
export function createOutages(what: string, { log, now }: Pick<Runtime, 'log' | 'now'>): Outages {
  /** By code. */
  const under = new Map<string, { toldAt: number; refused: number }>();
  return {
    failed(code, message, fields) {
      const outage = under.get(code);
      if (outage !== undefined && Math.abs(now() - outage.toldAt) < AGAIN_MS) {
        outage.refused += 1;
        return;
      }
      under.set(code, { toldAt: now(), refused: 0 });
      const more: JsonObject = outage === undefined || outage.refused === 0 ? {} : { refusedMeanwhile: outage.refused };
      log('error', `${what}: ${message}`, { ...fields, code, ...more });
    },
    worked() {
      for (const [code, { refused }] of under)
        log('info', `${what}: stored again`, { code, refusedMeanwhile: refused });
      under.clear();
    },
  };
}
