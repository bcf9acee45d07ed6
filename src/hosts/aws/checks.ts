/** Refuses before anything is made what AWS would refuse in the middle of a deployment, or the functions at a call. */
import type { App } from '../../declare/app.ts';
import { environmentMistakes, timeMistakes } from '../platforms/aws-checks.ts';
import { refuseMistakes } from './mistake.ts';
import { sourceMistakes } from './source-mistakes.ts';
import type { Source } from './sources.ts';

/** @throws TidegateError `invalid_config` that lists the mistakes, each with what to do about it */
export function checkDeployment(
  app: App,
  settings: {
    environment: Readonly<Record<string, string>>;
    sources: Readonly<Record<string, Source>>;
    requestSeconds: number;
  },
): void {
  refuseMistakes([
    ...environmentMistakes(settings.environment),
    ...sourceMistakes(app, settings.sources),
    ...timeMistakes(app, settings.requestSeconds),
  ]);
}
