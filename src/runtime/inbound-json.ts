import { type MessageType, toMessageJson } from '#protocol';
import type { InboundMessage } from './runtime.ts';

/** What programs outside are offered unless they are configured otherwise: not answers and acknowledgements. */
export const defaultRuntimeTypes: readonly MessageType[] = ['request', 'notification', 'alert'];

/** One line of JSON: the message, the receiver's name for its sender, and the attempt (docs/runtimes.md). */
export function inboundJson({ message, senderName, attempt, findings, sources }: InboundMessage): string {
  const beside = {
    ...(findings === undefined ? {} : { guard: findings }),
    ...(sources === undefined ? {} : { sources }),
  };
  return JSON.stringify({ ...toMessageJson(message), senderName, attempt, ...beside });
}
