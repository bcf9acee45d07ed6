/** Settings that are added to a file of the operator's: what it said stays as it stood, and what cannot be added is left to them. */
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Addition, setting } from '../../../../src/hosts/platforms/cloudflare-settings.ts';
import { fixSettings, placed, writtenAddition } from '../../../../src/hosts/cli/deploy/settings-fix.ts';
import { temporaryFolder } from '../../child.ts';

const { experimental_readRawConfig } = createRequire(import.meta.url)('wrangler') as {
  experimental_readRawConfig: (args: { config: string }, options: object) => { rawConfig: object };
};
const wrangler = {
  readRaw: (config: string) =>
    experimental_readRawConfig({ config }, { hideWarnings: true }).rawConfig as Record<string, unknown>,
};

const ALL: readonly Addition[] = [
  setting.main(),
  setting.date(),
  setting.flag(),
  setting.alias(),
  setting.cron(),
  setting.producer('shop-tasks'),
  setting.consumer('shop-tasks', 'shop-tasks-dead'),
  setting.rate('shop'),
  setting.variable('AUTH', 'keys'),
];

function fixed(name: string, text: string, additions: readonly Addition[] = ALL, environment: string | null = null) {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, text);
  const raw = wrangler.readRaw(path);
  const result = fixSettings(
    wrangler,
    path,
    text,
    additions.map((one) => placed(one, raw, environment)),
  );
  writeFileSync(path, result.text);
  const left = result.left.map(({ path: at }) => at.join('.'));
  return {
    text: result.text,
    left,
    said: JSON.parse(JSON.stringify(wrangler.readRaw(path))) as Record<string, unknown>,
  };
}

const MEANT = {
  name: 'shop',
  main: 'worker.ts',
  compatibility_flags: ['nodejs_compat'],
  triggers: { crons: ['* * * * *'] },
  queues: { producers: [{ binding: 'TASKS', queue: 'shop-tasks' }] },
  vars: { AUTH: 'keys' },
};

test.each([
  ['wrangler.toml', 'name = "shop"\n'],
  ['wrangler.toml', '# my shop\r\nname = "shop" # its name\r\n\r\n[vars]\r\n# nothing yet\r\n\r\n[triggers]\r\n'],
  ['wrangler.jsonc', '{ "name": "shop" }'],
  [
    'wrangler.jsonc',
    '{\n  // my shop\n  "name": "shop", /* its name */\n  "vars": {},\n  "queues": {\n    // none yet\n    "producers": []\n  },\n}\n',
  ],
  ['wrangler.json', '{\r\n\t"name": "shop"\r\n}\r\n'],
])('%s: %j gets all that is missing', (name, text) => {
  const { said, left, text: longer } = fixed(name, text);
  expect(left).toEqual([]);
  expect(said).toMatchObject(MEANT);
  for (const comment of text.match(/#.*|\/\/.*|\/\*.*?\*\//g) ?? []) expect(longer).toContain(comment);
  if (text.includes('\r\n')) expect(longer.replaceAll('\r\n', '')).not.toContain('\n');
});

test.each([
  [
    'wrangler.toml',
    'name = "shop"\ncompatibility_flags = ["global_fetch_strictly_public"] # why\nx = [\n  "[a]",\n]\n[triggers]\ncrons = ["0 * * * *"]\n[[queues.producers]]\nbinding = "OTHER"\nqueue = "others"\n[env.staging.vars]\nA = "1"\n',
  ],
  [
    'wrangler.jsonc',
    '{ "name": "shop", "compatibility_flags": ["global_fetch_strictly_public"], "triggers": { "crons": ["0 * * * *"] }, "queues": { "producers": [{ "binding": "OTHER", "queue": "others" }] } }',
  ],
])('%s: lists that have something keep it', (name, text) => {
  const { said, left } = fixed(name, text);
  expect(left).toEqual([]);
  expect(said).toMatchObject({
    compatibility_flags: expect.arrayContaining(['global_fetch_strictly_public', 'nodejs_compat']),
    triggers: { crons: expect.arrayContaining(['0 * * * *', '* * * * *']) },
    queues: {
      producers: expect.arrayContaining([
        expect.objectContaining({ binding: 'OTHER' }),
        expect.objectContaining({ binding: 'TASKS' }),
      ]),
    },
  });
});

test('what an environment does not take over goes within it, and what it takes over goes above', () => {
  for (const [name, text] of [
    ['wrangler.toml', 'name = "shop"\n[vars]\nAUTH = "none"\n[env.staging]\n'],
    ['wrangler.jsonc', '{ "name": "shop", "vars": { "AUTH": "none" }, "env": { "staging": {} } }'],
  ] as const) {
    const { said, left } = fixed(name, text, ALL, 'staging');
    expect(left).toEqual([]);
    expect(said).toMatchObject({
      main: 'worker.ts',
      triggers: { crons: ['* * * * *'] },
      vars: { AUTH: 'none' },
      env: { staging: { vars: { AUTH: 'keys' }, queues: { consumers: [{ queue: 'shop-tasks' }] } } },
    });
    expect(said['queues']).toBeUndefined();
  }
});

test('what no line between the others can add is left, and the rest is added', () => {
  const text =
    'name = "shop"\ntriggers = { crons = [] }\ncompatibility_flags = [\n  "a", # why\n]\nvars.AUTH = "none"\n';
  const { said, left } = fixed('wrangler.toml', text);
  expect(left).toEqual(expect.arrayContaining(['triggers.crons', 'compatibility_flags']));
  expect(said).toMatchObject({
    triggers: { crons: [] },
    compatibility_flags: ['a'],
    vars: { AUTH: 'none' },
    main: 'worker.ts',
  });
});

test('the lines are shown as the file has them', () => {
  expect(writtenAddition('wrangler.toml', setting.producer('q'))).toEqual([
    '[[queues.producers]]',
    'binding = "TASKS"',
    'queue = "q"',
  ]);
  expect(writtenAddition('wrangler.toml', setting.alias())[1]).toBe(
    '"@modelcontextprotocol/server/_shims" = "tidegate/worker/shims"',
  );
  expect(JSON.parse(`{${writtenAddition('wrangler.jsonc', setting.cron()).join('\n')}}`)).toEqual({
    triggers: { crons: ['* * * * *'] },
  });
});
