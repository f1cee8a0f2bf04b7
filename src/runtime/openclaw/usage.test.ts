import { describe, expect, it } from 'vitest';
import { usageInResult, usageInRows } from './usage.ts';

describe('what a turn used', () => {
  it('is the sum that the gateway gives with the result', () => {
    const used = { input: 10, output: 5, total: 15, cost: { total: 0.002 } };
    expect(usageInResult({ result: { meta: { agentMeta: { usage: used } } } })).toEqual({ tokens: 15, costUsd: 0.002 });
    expect(usageInResult({ result: { meta: { costUsd: 0.5 } } })).toEqual({ costUsd: 0.5 });
  });

  it('is added up over the calls of a model in the rows of a session', () => {
    const call = (totalTokens: number, total: number) => ({
      role: 'assistant',
      usage: { totalTokens, cost: { total } },
    });
    expect(usageInRows([call(10, 0.5), { role: 'toolResult' }, call(5, 0.25)])).toEqual({ tokens: 15, costUsd: 0.75 });
  });

  it('is unknown when a gateway does not say, or says what cannot be', () => {
    expect(usageInResult({ result: {} })).toBeUndefined();
    expect(usageInRows([{ role: 'assistant' }])).toBeUndefined();
    const odd = { total: -1, cost: { total: Number.NaN } };
    expect(usageInResult({ result: { meta: { agentMeta: { usage: odd } } } })).toBeUndefined();
  });
});
