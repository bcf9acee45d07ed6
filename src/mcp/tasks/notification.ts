/**
 * What a client is told when a task changed, as the body of a notification: the whole task, as `tasks/get` would answer it
 * now. A notification may come twice, and a task may have changed again by the time that it is read. Pure.
 */
import type { Header } from '../../tasks/records/header.ts';
import { type LegacyTask, legacyTask } from './legacy-view.ts';
import { type DetailedTask, detailedTask } from './view.ts';

/** 2026-07-28, on `subscriptions/listen` with `taskIds`. */
export function taskNotification(taskId: string, header: Header, now: number) {
  return {
    method: 'notifications/tasks',
    params: detailedTask(taskId, header, now),
  } satisfies Notification<DetailedTask>;
}

/** 2025-11-25, on the stream of the session, or on that of a request about the task. */
export function taskStatusNotification(taskId: string, header: Header, now: number) {
  return {
    method: 'notifications/tasks/status',
    params: legacyTask(taskId, header, now),
  } satisfies Notification<LegacyTask>;
}

interface Notification<Params> {
  method: string;
  params: Params;
}
