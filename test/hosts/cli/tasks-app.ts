/** The app that the tests of `tidegate tasks` name: its tasks are never run by the command line, only known. */
import { defineApp } from '../../../src/index.ts';
import { task } from '../../../src/declare/task.ts';

const declared = task({ description: 'a task of the test', version: '1', run: async () => 'done' });

export default defineApp({
  name: 'tasks-app',
  version: '1',
  description: 'an app with tasks',
  tasks: { greet: declared, breaks: { ...declared, policy: { attempts: 1 } } },
});
