/** Triggers that leave behind whatever triggers, their alarms and the tasks that they begin can leave. */
import { PUBLIC } from '../../src/base/principal.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { runEventWork } from '../../src/hosts/event-work.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { trigger } from '../../src/index.ts';
import type { Deps } from '../../src/streams/deps.ts';

const first = { kind: 'count', atLeast: 1, withinMs: 3_600_000 } as const;

export const triggers = {
  entered: trigger({
    description: 'Somebody is in a room',
    on: 'rooms',
    when: { ...first, perKey: true },
    dedupe: ({ key }) => key,
    alarm: {},
    starts: { task: 'ends' },
  }),
};

/** More keys than the record of a trigger has room for: their names are long. */
const ROOMS = 60;

export async function driveTriggers(deps: Deps): Promise<void> {
  const streams = createAppStreams(deps, PUBLIC);
  for (let room = 0; room < ROOMS; room += 1) await streams.append('rooms', { room: `${room}`.padStart(240, '-') });
  const { error } = await runEventWork(
    withTasks({ ...deps, tenants: () => [PUBLIC.tenant] }),
    deps.runtime.now() + 20_000,
  );
  if (error !== null) throw error;
}
