/**
 * `npm run cost`: what a month costs. It stands in this repository and is no command of the package: prices age, and a package that
 * is installed does not; what it measures needs engines of this repository. What an app that runs costs is told by `tidegate stats`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKS, compare, MOST_OFF } from './check.ts';
import { MEASURED } from './measured.ts';
import { type Options, readOptions, USAGE } from './options.ts';
import { pictureOf } from './picture.ts';
import { tableOf } from './table.ts';
import { figure, waysOf, wayOf } from './ways.ts';
import { USUAL } from './workload.ts';

const FOLDER = import.meta.dirname;

const DOING: Readonly<Record<Options['does'], (options: Options) => void | Promise<void>>> = {
  help: () => console.log(USAGE),
  bill({ workload, platform, store }) {
    const { agents, poll, pollMs, eventsPerSecond, feedMs } = workload;
    const { bill, ends } = wayOf('', workload, MEASURED, platform, store);
    console.log(
      `${figure(agents)} agents that ask by ${poll} every ${pollMs / 1_000} s; a feed of ${eventsPerSecond} events/s, pulled every ${feedMs / 1_000} s`,
    );
    console.log(`\n${platform} with ${store}, USD a month`);
    for (const { what, usd } of bill.lines) console.log(line(what, usd));
    console.log(line('together', bill.usd));
    for (const end of ends) console.log(`  ends here: ${end}`);
    console.log('\nbeside');
    for (const way of waysOf(workload, MEASURED)) {
      console.log(line(way.name, way.bill.usd) + way.ends.map((end) => `\n      ends: ${end}`).join(''));
    }
    console.log(`\nMeasured on ${MEASURED.on}. test/cost/prices.ts has the page and the month of each price.`);
  },
  async check() {
    let failed = 0;
    for (const { engine, workload, forMs } of CHECKS) {
      const { agents, poll, pollMs, eventsPerSecond } = workload;
      console.log(
        `${engine}: ${agents} agents, ${poll} every ${pollMs / 1_000} s, ${eventsPerSecond} events/s, ${forMs / 60_000} min`,
      );
      for (const { what, real, model, off } of await compare(workload, forMs, engine, MEASURED)) {
        if (off > MOST_OFF) failed += 1;
        console.log(
          `  ${what.padEnd(16)} ${figure(real).padStart(14)} model ${figure(model).padStart(14)}  ${(off * 100).toFixed(1)} % off`,
        );
      }
    }
    console.log(`\n${failed} of them more than ${MOST_OFF * 100} % off`);
    if (failed > 0) process.exitCode = 1;
  },
  async measure() {
    const { measureAll } = await import('./measure.ts');
    const measured = await measureAll(new Date().toISOString().slice(0, 10));
    writeFileSync(join(FOLDER, 'measured.json'), `${JSON.stringify(measured, null, 2)}\n`);
  },
  write() {
    writeFileSync(join(FOLDER, 'cost.svg'), pictureOf(USUAL, MEASURED));
    const readme = join(FOLDER, '../../README.md');
    writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), tableOf(USUAL, MEASURED)));
  },
};

/** Between two marks, so that the text around it stays. */
function withTable(readme: string, table: string): string {
  return readme.replace(
    /(<!-- cost -->\n)[\s\S]*?(<!-- \/cost -->)/,
    (_all, begin: string, end: string) => `${begin}${table}\n${end}`,
  );
}

function line(what: string, usd: number): string {
  return `  ${what.padEnd(22)} ${figure(usd).padStart(12)}`;
}

try {
  const options = readOptions(process.argv.slice(2));
  await DOING[options.does](options);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  process.exitCode = 2;
}
