#!/usr/bin/env -S node --max-semi-space-size=4 --max-old-space-size=512
/*
 * The file that `tidegate` begins with. It says which Node is needed where this one is too old, in words that even a much older
 * one can parse, and loads nothing else before. A small young generation keeps a burst's short-lived buffers from growing the
 * process; it costs no speed.
 */
import { isOldNode, NODE_NEEDED } from '../../base/config/node-version.ts';

if (isOldNode(process.versions.node)) {
  console.error(
    'tidegate: this is Node ' +
      process.version +
      ', and Tidegate needs ' +
      NODE_NEEDED +
      '.\nInstall one from nodejs.org, or with a version manager: nvm install 24',
  );
  process.exitCode = 1;
} else {
  void import('./main.ts');
}
