/** The app that asks over stdio; run by a test as a process of its own. */
import { askingApp } from '../../calls/asking-app.ts';
import { serveOverStdio } from './stdio-server-of.ts';

serveOverStdio(askingApp);
