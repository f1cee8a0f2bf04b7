import type { Handler } from '#runtime';
import type { Journal } from '../../crash/journal.ts';
import type { Trigger } from './trigger.ts';

/** Writes down each call before and after, and answers requests. */
export function handlerOf(journal: Journal, trigger: Pick<Trigger, 'meet'>): Handler {
  return async ({ message, senderName: from, attempt }) => {
    const { id, type } = message;
    const { n = 0, fails } = message.payload.metadata ?? {};
    journal.begin({ id, attempt, type, from, n: Number(n) });
    trigger.meet('handler.begun');
    if (fails === true && attempt === 1) {
      await journal.failed(id, attempt);
      throw new Error('This handler fails once');
    }
    await journal.end(id, attempt);
    trigger.meet('handler.ended');
    return type === 'request' ? { body: `answer to ${Number(n)}`, metadata: { n } } : undefined;
  };
}
