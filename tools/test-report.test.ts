import { describe, expect, it } from 'vitest';
import { readReport } from './test-report.mjs';

const test = (status: string) => ({ status, fullName: `a ${status} test` });
const report = (...testResults: object[]): string => JSON.stringify({ testResults });

describe('the report of a test run', () => {
  it('counts what passed and what failed', () => {
    const text = report({
      name: 'a',
      status: 'failed',
      assertionResults: [test('passed'), test('failed'), test('passed')],
    });
    expect(readReport(text)).toEqual({ passed: 2, failed: 1, leftOut: [] });
  });

  it('names every test that was left out', () => {
    const text = report({
      name: 'a',
      status: 'passed',
      assertionResults: ['passed', 'skipped', 'pending', 'todo'].map(test),
    });
    expect(readReport(text).leftOut).toEqual(['a: a skipped test', 'a: a pending test', 'a: a todo test']);
    expect(readReport(report({ name: 'b', status: 'passed', assertionResults: [] })).leftOut).toEqual([
      'b: no test ran',
    ]);
  });

  it('takes a file that could not be loaded, no files and no report as failures', () => {
    expect(readReport(report({ name: 'a', status: 'failed', assertionResults: [] })).failed).toBe(1);
    expect(readReport(report()).failed).toBe(1);
    expect(readReport('').failed).toBe(1);
  });
});
