/** Ends a script on a Node that cannot run this repository. `package.json` calls it before scripts, and the tests' configuration imports it. */
import { neededText, readsTypeScript } from './repository-node.mjs';

if (!readsTypeScript(process.versions.node)) {
  console.error(neededText(process.versions.node));
  process.exit(1);
}
