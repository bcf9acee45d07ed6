/**
 * A run in which what the engine held at one moment that chance chooses is put back at a later one. Agents read on meanwhile,
 * with cursors of before. What the backup did not hold yet is lost; what was promised of the rest holds.
 */
import { createAppStreams } from '../../../src/calls/streams.ts';
import type { RestorableEngine } from '../../services/restorable.ts';
import { ADA } from '../../tasks/stage.ts';
import { type Agent, startAgent, WAYS } from './agent.ts';
import { contentsWrong, isAllThere, type Name, standingOf } from './found.ts';
import { createWorld, MINUTE, NAP_MS, SECOND, STREAMS, type World } from './world.ts';

export interface RestoreReport {
  /** Ticks between the backup and the restore. */
  ticksLost: number;
  /** The source had forgotten what the backup did not hold yet. */
  forgot: boolean;
  /** Agents that had read what was lost. */
  behind: number;
  tasks: number;
  numbers: number;
  /** What did not hold. */
  wrong: string[];
}

const TICKS = 14;
const TASKS_WITHIN_MS = NAP_MS + 3 * MINUTE;

export async function restoreRun(engine: RestorableEngine, name: string, seed: number): Promise<RestoreReport> {
  const world = await createWorld(engine.environment, name, seed);
  const { random } = world;
  const saveAt = 1 + Math.floor(random() * 8);
  const ticksLost = 1 + Math.floor(random() * 4);
  const forgot = random() < 0.4;
  // A server far from the engine may go on as if nothing had happened.
  const staysOpen = engine.outlived && random() < 0.5;
  const tasks: string[] = [];
  const wrong: string[] = [];
  let behind = 0;
  const saved = new Map<string, ReadonlySet<string>>();
  try {
    const agents: Agent[] = [];
    for (const stream of STREAMS) for (const way of WAYS) agents.push(await startAgent(world, stream, way));
    for (let tick = 0; tick < TICKS; tick += 1) {
      const isLost = tick > saveAt && tick <= saveAt + ticksLost;
      if (random() < 0.4) {
        const taskId = await world.begin(random() < 0.5 ? 'patient' : 'hurried');
        if (!isLost) tasks.push(taskId);
      }
      // Waits for what comes within some ticks, whether that was read already when the restore came or not.
      if (tick < TICKS - 6 && random() < 0.3) {
        const stream = STREAMS[Math.floor(random() * STREAMS.length)] ?? 'plain';
        const above = world.sources[stream].given + Math.floor(random() * 4);
        const taskId = await world.begin('waiting', { stream, above });
        if (!isLost) tasks.push(taskId);
      }
      await world.tick(20 * SECOND + Math.floor(random() * 40 * SECOND));
      for (const agent of agents) if (random() < 0.6) await agent.goOn();
      if (tick === saveAt) {
        await engine.save();
        for (const stream of STREAMS) saved.set(stream, new Set(await idsOf(world, stream)));
      }
      if (tick === saveAt + ticksLost) {
        const lost = agents.map(({ stream, got }) => got.some((id) => !saved.get(stream)?.has(id)));
        const told = agents.map((agent) => agent.told);
        if (forgot) for (const source of Object.values(world.sources)) source.oldest = source.given;
        if (!staysOpen) await world.close();
        await engine.restore();
        if (!staysOpen) await world.open();
        // As much comes as was lost, or more, or less.
        const pulls = Math.floor(random() * 4);
        for (let pull = 0; pull < pulls; pull += 1) await world.tick(30 * SECOND);
        for (const agent of agents) await agent.goOn();
        behind += lost.filter(Boolean).length;
        for (const [index, agent] of agents.entries()) {
          // Who reads back is below what was lost, and is told when it follows on from where it began.
          const isBelow = agent.way === 'newest';
          if (lost[index] && agent.told === told[index] && !isBelow) wrong.push(`${agent.name} was not told`);
          if (!lost[index] && agent.told !== told[index]) wrong.push(`${agent.name} was told of nothing`);
        }
      }
    }
    world.isGiving = false;
    const from = world.trueTime();
    for (let standing = ['working']; standing.includes('working');) {
      if (world.trueTime() - from > TASKS_WITHIN_MS) {
        wrong.push('tasks did not end');
        break;
      }
      await world.tick(30 * SECOND);
      standing = await standingOf(world, tasks);
      wrong.push(...standing.filter((each) => each !== 'working' && each !== 'completed'));
    }
    if (!(await isAllThere(world))) wrong.push('the feeds did not go on');
    wrong.push(...(await contentsWrong(world)));
    for (const agent of agents) {
      await agent.finish();
      wrong.push(...(await missedBy(world, agent)));
    }
    const numbers = STREAMS.reduce((sum, stream) => sum + world.sources[stream].given, 0);
    return { ticksLost, forgot, behind, tasks: tasks.length, numbers, wrong: [...new Set(wrong)] };
  } finally {
    await world.close();
  }
}

async function idsOf(world: World, stream: Name): Promise<string[]> {
  const { events } = await world.drive(createAppStreams(world.deps(), ADA).read(stream, null, 1_000));
  return events.map(({ id }) => id);
}

/** What an agent has since it was last told is what the stream has, once and in order. */
async function missedBy(world: World, { name, stream, got }: Agent): Promise<string[]> {
  const all = await idsOf(world, stream);
  const rest = all.slice(all.length - got.length);
  if (got.join() !== rest.join()) return [`${name} has not what the stream has`];
  return got.length === all.length ? [] : [`${name} missed ${all.length - got.length}`];
}
