import { createIds, defaultLimits, silentLogger, systemClock, systemRandom } from '#kernel';
import type { InboundMessage } from '#runtime';
import { inboundMessage } from '../support/inbound-message.ts';

const ids = createIds(systemClock, systemRandom);

/** What the stub says that each turn used. */
export const usage = { tokens: 15, costUsd: 0.002 };
export const live = { signal: new AbortController().signal };

/** How a runtime drives turns of the agent `main`. */
export const turnsOfMain = {
  gatewayAgent: 'main',
  timeoutMs: 120_000,
  concurrency: 8,
  clock: systemClock,
  limits: defaultLimits,
  logger: silentLogger,
};

/** A request of Bob with a body of its own, in a conversation of its own. */
export function request(body: string, attempt = 1): InboundMessage {
  const message = { id: ids.next('msg'), conversationId: ids.next('conv'), payload: { body } };
  return { ...inboundMessage(message), attempt };
}
