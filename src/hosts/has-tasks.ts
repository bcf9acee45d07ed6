/** Whether an app keeps tasks, told from its declaration, so that nothing of them has to be loaded to say it. */
import type { App } from '../declare/app.ts';

/** The app's own, or those that every app with streams has. */
export function hasTasks({ tasks, streams }: App): boolean {
  return tasks.size + streams.size > 0;
}
