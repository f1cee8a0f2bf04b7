import type { Limits } from '#kernel';
import type { Message } from '#protocol';
import type { Answer, Usage } from '../runtime.ts';
import { fitted } from './fitted.ts';

/** What came of a turn. */
export interface Done {
  readonly text: string;
  readonly usage?: Usage | undefined;
}

/** As the answer to its message; to what is no request nothing is sent, and what the turn used counts all the same. */
export function done({ type }: Message, { text, usage }: Done, limits: Limits): Answer | undefined {
  const used = usage === undefined ? {} : { usage };
  if (type === 'request') return { ...fitted(text, limits), ...used };
  return usage === undefined ? undefined : { body: '', ...used };
}
