/** How the findings are shown: a line each with what to do below it, or one JSON document. Secrets are taken out. Pure. */
import { inLines, jsonText, oneLine } from '../../../base/plain.ts';
import type { CheckResult, DoctorFinding } from './finding.ts';

const MARKS: Record<DoctorFinding['status'], string> = { ok: 'ok  ', warn: 'warn', fail: 'FAIL', skip: '-   ' };

interface Summary {
  ok: boolean;
  counts: Record<DoctorFinding['status'], number>;
}

export function summaryOf(results: readonly CheckResult[]): Summary {
  const counts = { ok: 0, warn: 0, fail: 0, skip: 0 };
  for (const { findings } of results) for (const { status } of findings) counts[status] += 1;
  return { ok: counts.fail === 0, counts };
}

export function linesOfResult({ check, findings }: CheckResult): string {
  const lines = findings.flatMap(({ status, what, why, fix }) => [
    ...what.split('\n').map((line, at) => (at === 0 ? `${MARKS[status]}  ${check}: ${line}` : `      ${line}`)),
    ...(why === undefined ? [] : [`      ${why}`]),
    ...(fix === undefined || status === 'ok' ? [] : [`      > ${fix}`]),
  ]);
  return inLines(lines);
}

export function lineOfSummary({ ok, counts }: Summary): string {
  const said = [`${counts.fail} to mend`, `${counts.warn} to look at`, `${counts.ok} in order`];
  if (counts.skip > 0) said.push(`${counts.skip} not looked at`);
  return oneLine(`${ok ? 'All that was needed is there' : 'Something has to be mended'}: ${said.join(', ')}`);
}

export function jsonOf(results: readonly CheckResult[]): string {
  return jsonText({ ...summaryOf(results), checks: results });
}

/** Shorter values are words that may stand anywhere. */
const LEAST_CHARACTERS = 6;

/** The same result without these values, in whichever text they stand: messages of others may repeat what they were sent. */
export function withoutSecrets(result: CheckResult, secrets: readonly string[]): CheckResult {
  const forms = secrets
    .filter(({ length }) => length >= LEAST_CHARACTERS)
    .flatMap((value) => [value, encodeURIComponent(value)])
    .toSorted((a, b) => b.length - a.length);
  const clean = (text: string) => forms.reduce((shown, value) => shown.replaceAll(value, '…'), text);
  return {
    ...result,
    findings: result.findings.map(({ status, what, why, fix }) => ({
      status,
      what: clean(what),
      ...(why === undefined ? {} : { why: clean(why) }),
      ...(fix === undefined ? {} : { fix: clean(fix) }),
    })),
  };
}
