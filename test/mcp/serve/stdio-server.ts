/** The sample app over stdio; run by a test as a process of its own. */
import { sampleApp } from '../sample-app.ts';
import { serveOverStdio } from './stdio-server-of.ts';

serveOverStdio(sampleApp);
