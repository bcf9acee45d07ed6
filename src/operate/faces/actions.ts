/** The actions, in the order in which lists show them. */
import type { OperatorAction } from '../action.ts';
import { backup } from '../backup/backup.ts';
import { migrateRecords } from '../backup/migrate.ts';
import { restore, resumeCopy } from '../backup/restored.ts';
import { tenantsDelete, tenantsExport, tenantsList } from '../backup/tenants.ts';
import { deadDrop } from '../dead/drop.ts';
import { deadList, deadShow } from '../dead/list.ts';
import { deadReplay } from '../dead/replay.ts';
import { feedsList } from '../feeds/list.ts';
import { feedsPause, feedsResume } from '../feeds/pause.ts';
import { feedsPull } from '../feeds/pull.ts';
import { feedsReset } from '../feeds/reset.ts';
import { feedsShow } from '../feeds/show.ts';
import { streamsDelete } from '../streams/delete.ts';
import { streamsExport } from '../streams/export.ts';
import { streamsForget } from '../streams/forget.ts';
import { streamsImport } from '../streams/import.ts';
import { streamsList } from '../streams/list.ts';
import { streamsShow } from '../streams/show.ts';
import { streamsTail } from '../streams/tail.ts';
import { keysList, keysRevoke } from '../work/keys.ts';
import { stats } from '../work/stats.ts';
import {
  subscriptionsEnd,
  subscriptionsList,
  subscriptionsReplay,
  subscriptionsShow,
  subscriptionsTest,
} from '../work/subscriptions.ts';
import { tasksAnswer, tasksCancel, tasksList, tasksRetry, tasksShow } from '../work/tasks.ts';
import { triggersList } from '../work/triggers.ts';

export const ACTIONS: readonly OperatorAction[] = [
  feedsList,
  feedsShow,
  feedsPause,
  feedsResume,
  feedsReset,
  feedsPull,
  streamsList,
  streamsShow,
  streamsTail,
  streamsExport,
  streamsImport,
  streamsDelete,
  streamsForget,
  deadList,
  deadShow,
  deadReplay,
  deadDrop,
  tasksList,
  tasksShow,
  tasksAnswer,
  tasksCancel,
  tasksRetry,
  triggersList,
  keysList,
  keysRevoke,
  subscriptionsList,
  subscriptionsShow,
  subscriptionsEnd,
  subscriptionsReplay,
  subscriptionsTest,
  stats,
  backup,
  restore,
  resumeCopy,
  migrateRecords,
  tenantsList,
  tenantsExport,
  tenantsDelete,
];
