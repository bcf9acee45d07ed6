/** The instructions of a server whose app declares none: what a model reads first. */
import type { App } from '../../declare/app.ts';

const STREAMS_NAMED = 20;
const TASKS_NAMED = 20;

export function instructionsFor(app: App): string {
  const { toolNames } = app;
  const lines = [`${app.title}: ${app.description}`];
  const streams = [...app.streams.values()];
  if (streams.length > 0) {
    lines.push('Streams of live data:');
    for (const { name, description } of streams.slice(0, STREAMS_NAMED)) lines.push(`- ${name}: ${description}`);
    if (streams.length > STREAMS_NAMED) lines.push(`- and ${streams.length - STREAMS_NAMED} more`);
    if (toolNames.list_streams !== null)
      lines.push(`Begin with ${toolNames.list_streams}: it tells the fields, the units and how fresh each stream is.`);
  }
  const tasks = [...app.tasks].filter(([, { otherwise }]) => otherwise === 'handle').map(([name]) => name);
  if (tasks.length > 0) {
    lines.push(`These take longer than a call: ${tasks.slice(0, TASKS_NAMED).join(', ')}.`);
    const reader = `${toolNames.get_task} tells how it goes, and the result`;
    lines.push(`They answer with a handle, unless the client knows tasks: ${reader}.`);
  }
  return lines.join('\n');
}
