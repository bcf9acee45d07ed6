#!/usr/bin/env node
/**
 * `npm create tidegate`: the command `tidegate init`, with the arguments that stand here. What Node is needed, `tidegate` says itself.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const manifest = require.resolve('tidegate/package.json');
const { bin } = require(manifest);

process.argv.splice(2, 0, 'init');
await import(pathToFileURL(join(dirname(manifest), bin.tidegate)).href);
