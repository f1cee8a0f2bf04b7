import { checkMessage, type JsonObject, type Message } from '#protocol';
import { composeAnswer, type Draft } from './compose-message.ts';
import type { Lane } from './lane.ts';

interface Said {
  readonly body: string;
  readonly subject?: string | undefined;
  readonly metadata?: JsonObject | undefined;
}

/** What a program said to a message, as it will be sent. Throws what `checkMessage` throws when no message can carry it. */
export function fitAnswer(lane: Lane, message: Message, { body, subject, metadata }: Said): Omit<Draft, 'type'> {
  const draft = { body, subject, metadata };
  if (message.type === 'request') checkMessage(composeAnswer(lane, message, draft), lane.ports.limits);
  return draft;
}
