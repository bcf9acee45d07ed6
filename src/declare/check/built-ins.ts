/** Checks the names that an app gives to the tools that come with the package. Pure. */
import type { AppOptions } from '../app.ts';
import { BUILT_INS, type BuiltInName, toolNamesOf } from '../built-ins.ts';
import type { Problem } from '../problem.ts';

/** Tasks that come with the package. What is stored of a task names it by the name that it has in declarations. */
const TASKS: readonly BuiltInName[] = ['wait_for', 'export_history', 'replay_dead_letters'];

/** Whether a built-in tool is served or not, its name is taken: a stream that is declared later must not break the start. */
export function checkBuiltIns({ builtIns = {}, tools = {}, tasks = {} }: AppOptions, problems: Problem[]): void {
  const names = toolNamesOf(builtIns);
  for (const name of BUILT_INS) {
    const shown = names[name];
    if (shown === null || shown === name) continue;
    const path = `builtIns.${name}.name`;
    const other = BUILT_INS.find((each) => each !== name && names[each] === shown);
    const own = Object.hasOwn(tools, shown) ? 'tool' : Object.hasOwn(tasks, shown) ? 'task' : null;
    const owner = own === null ? other && `the built-in ${other}` : `the ${own} ${shown}`;
    if (owner !== undefined) problems.push({ path, expected: `a name other than that of ${owner}`, found: shown });
    if (TASKS.includes(name) && Object.hasOwn(tasks, name)) {
      problems.push({ path: `tasks.${name}`, expected: `a name other than that of the built-in task ${name}` });
    }
  }
}
