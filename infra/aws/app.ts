/** What `npm run deploy:aws` deploys: the app of this repository. Settings come as context (`-c name=value`). */
import app from '../../src/app.ts';
import { createTidegateStack } from '../../src/aws.ts';

createTidegateStack(app, { appFile: new URL('../../src/app.ts', import.meta.url) });
