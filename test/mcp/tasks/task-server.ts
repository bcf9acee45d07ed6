/** The app with tasks of each kind over stdio; run by a test as a process of its own. */
import { serveOverStdio } from '../serve/stdio-server-of.ts';
import { taskApp } from './task-app.ts';

serveOverStdio(taskApp);
