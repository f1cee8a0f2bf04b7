// `node tools/test-report.mjs REPORT...`: reads JSON reports of vitest, fails when a test failed or was left out, and ends with the count.
// Plain JavaScript for Node >= 20, no dependencies.
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} text the JSON report, possibly empty when vitest did not get that far
 * @returns {{ passed: number, failed: number, leftOut: string[] }}
 */
export function readReport(text) {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { passed: 0, failed: 1, leftOut: [] };
  }
  const result = { passed: 0, failed: 0, leftOut: [] };
  for (const { name, status, assertionResults } of report.testResults) {
    const failures = assertionResults.filter((test) => test.status === 'failed').length;
    result.passed += assertionResults.filter((test) => test.status === 'passed').length;
    // A file that cannot even be loaded has no tests but has failed.
    result.failed += failures === 0 && status === 'failed' ? 1 : failures;
    for (const test of assertionResults) {
      if (test.status !== 'passed' && test.status !== 'failed') result.leftOut.push(`${name}: ${test.fullName}`);
    }
    if (assertionResults.length === 0 && status !== 'failed') result.leftOut.push(`${name}: no test ran`);
  }
  if (report.testResults.length === 0) result.failed += 1;
  return result;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const reports = process.argv.slice(2).map((path) => readReport(existsSync(path) ? readFileSync(path, 'utf8') : ''));
  const total = (count) => reports.reduce((sum, report) => sum + count(report), 0);
  const passed = total((report) => report.passed);
  const failed = total((report) => report.failed);
  const leftOut = reports.flatMap((report) => report.leftOut);
  for (const test of leftOut) console.log(`left out: ${test}`);
  if (leftOut.length > 0) console.log(`${leftOut.length} tests were left out; every test has to run here.`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && leftOut.length === 0 && reports.every((report) => report.passed > 0) ? 0 : 1;
}
