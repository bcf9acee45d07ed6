/**
 * Writes what came of a run of vitest as JSON into the file that `TIDEGATE_TEST_REPORT` names, for `test/run.ts`: counts, and what
 * failed, errors outside of any test too. vitest's own JSON says nothing of those.
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export interface RunReport {
  passed: number;
  skipped: number;
  failures: Failure[];
}

export interface Failure {
  /** From the project's folder; null: not known. */
  file: string | null;
  /** A test's whole name, or what failed in place of one. */
  name: string;
  isOfTest: boolean;
  /** The first line of each error. */
  message: string;
}

export default class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const report: RunReport = { passed: 0, skipped: 0, failures: [] };
    for (const module of modules) count(module, report);
    for (const error of unhandled) report.failures.push(outsideOfTests(error));
    const file = process.env['TIDEGATE_TEST_REPORT'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(report));
  }
}

function count(module: TestModule, report: RunReport): void {
  const file = relative(process.cwd(), module.moduleId);
  const before = report.failures.length;
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result();
    if (state === 'passed') report.passed += 1;
    else if (state === 'failed')
      report.failures.push({ file, name: test.fullName, isOfTest: true, message: firstLines(errors) });
    else report.skipped += 1;
  }
  if (module.state() !== 'failed' || report.failures.length > before) return;
  // It could not be loaded, or a hook of it failed.
  const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
  report.failures.push({
    file,
    name: 'the file itself, or a hook of it',
    isOfTest: false,
    message: firstLines(errors),
  });
}

function outsideOfTests(error: SerializedError): Failure {
  const { VITEST_TEST_PATH: path, VITEST_TEST_NAME: name } = error;
  return {
    file: typeof path === 'string' ? relative(process.cwd(), path) : null,
    name: `outside of any test${typeof name === 'string' ? `, about when this ran: ${name}` : ''}`,
    isOfTest: false,
    message: firstLines([error]),
  };
}

function firstLines(errors: readonly { message: string }[]): string {
  return errors.map(({ message }) => message.split('\n', 1)[0] ?? '').join('; ');
}
