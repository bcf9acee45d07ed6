#!/usr/bin/env -S node --max-semi-space-size=4 --max-old-space-size=512
/*
 * The file that `tidegate` begins with. It says which Node is needed where this one is too old, in words that even a much older
 * one can parse: no import, no syntax of its own time. All else is loaded behind it.
 * A small young generation keeps a burst's short-lived buffers from growing the process; it costs no speed.
 */
var numbers = process.versions.node.split('.').map(Number);
var major = numbers[0] || 0;
var minor = numbers[1] || 0;
/* From these on `node:sqlite` is there without a flag. */
if (major > 23 || (major === 23 && minor >= 4) || (major === 22 && minor >= 13)) {
  void import('./main.ts');
} else {
  console.error(
    'tidegate: this is Node ' +
      process.version +
      ', and Tidegate needs 22.18 or later (of 23: 23.6 or later); with an app in JavaScript 22.13 is enough.\n' +
      'Install one from nodejs.org, or with a version manager: nvm install 24',
  );
  process.exitCode = 1;
}
