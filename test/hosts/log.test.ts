import { expect, test } from 'vitest';
import { createLog } from '../../src/hosts/log.ts';

test('is one JSON object a line, from the asked level on', () => {
  const lines: string[] = [];
  const levels: string[] = [];
  const log = createLog('warn', {
    write(line, level) {
      lines.push(line);
      levels.push(level);
    },
  });
  log('debug', 'quiet');
  log('info', 'quiet');
  log('warn', 'two\nlines', { feed: 'quakes', failures: 2 });
  log('error', 'broken');
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { time: expect.stringMatching(/^\d{4}-.*Z$/), level: 'warn', message: 'two\nlines', feed: 'quakes', failures: 2 },
    { time: expect.any(String), level: 'error', message: 'broken' },
  ]);
  expect(lines.join('')).not.toContain('\n');
  expect(levels).toEqual(['warn', 'error']);
});

test('says which levels it wants, so that nobody makes a line that goes nowhere', () => {
  const log = createLog('info', { write: () => {} });
  expect((['debug', 'info', 'warn', 'error'] as const).map((level) => log.wants?.(level))).toEqual([
    false,
    true,
    true,
    true,
  ]);
});

test('no field takes the place of what the line says', () => {
  const lines: string[] = [];
  const log = createLog('info', { write: (line) => lines.push(line) });
  log('warn', 'a feed failed', { message: 'refused', level: 'none', time: 0, code: 'upstream' });
  expect(JSON.parse(lines.join())).toEqual({
    time: expect.any(String),
    level: 'warn',
    message: 'a feed failed',
    reason: 'refused',
    code: 'upstream',
  });
});

test('for a person it is plain text', () => {
  const lines: string[] = [];
  const log = createLog('debug', { plain: true, write: (line) => lines.push(line) });
  log('info', 'swept');
  log('warn', 'a feed failed', { feed: 'quakes' });
  expect(lines).toEqual(['  info: swept', '  warn: a feed failed {"feed":"quakes"}']);
});

test('what steers a terminal or ends a line is escaped in both forms', () => {
  const forged = 'bad\r\n  error: broken\u001b[2J\u202e\u0085';
  for (const plain of [true, false]) {
    const lines: string[] = [];
    const log = createLog('info', { plain, write: (line) => lines.push(line) });
    log('warn', forged, { [forged]: forged });
    expect(lines.join('')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    if (!plain) expect(JSON.parse(lines.join())).toMatchObject({ message: forged, [forged]: forged });
  }
});
