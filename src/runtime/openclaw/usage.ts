import type { Usage } from '../runtime.ts';
import { type Fields, fieldsOf } from './gateway-frames.ts';

/** What a turn used, in the result of the method `agent`; undefined when the gateway does not say. */
export function usageInResult(result: Fields): Usage | undefined {
  const meta = fieldsOf(fieldsOf(result['result'])['meta']);
  const used = fieldsOf(fieldsOf(meta['agentMeta'])['usage']);
  return usage(amount(used['total']), amount(fieldsOf(used['cost'])['total']) ?? amount(meta['costUsd']));
}

/** The same in the rows of a session: one for each call of the model. */
export function usageInRows(rows: readonly Fields[]): Usage | undefined {
  const used = rows.filter(({ role }) => role === 'assistant').map((row) => fieldsOf(row['usage']));
  return usage(
    sum(used.map(({ totalTokens }) => amount(totalTokens))),
    sum(used.map(({ cost }) => amount(fieldsOf(cost)['total']))),
  );
}

function usage(tokens: number | undefined, costUsd: number | undefined): Usage | undefined {
  if (tokens === undefined && costUsd === undefined) return undefined;
  return { ...(tokens === undefined ? {} : { tokens }), ...(costUsd === undefined ? {} : { costUsd }) };
}

const amount = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;

function sum(amounts: readonly (number | undefined)[]): number | undefined {
  const known = amounts.filter((one) => one !== undefined);
  return known.length === 0 ? undefined : known.reduce((total, one) => total + one, 0);
}
