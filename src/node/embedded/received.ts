import type { AgentId } from '#identity';
import type { Finding } from '#guard';
import { type Source, sourcesIn } from '#pipeline';
import { type JsonObject, type Message, messageTypes } from '#protocol';
import type { Answer, InboundMessage } from '#runtime';
import type { AgentHost } from '../agent-host.ts';
import { type ReceivedFile, receivedFiles } from '../received-file.ts';

/** A message that came in: the sender is verified, `from` is the own name for it. */
export interface Received {
  readonly id: string;
  readonly from: string;
  readonly fromId: AgentId;
  /** The same as `from`. */
  readonly sender: string;
  /** The agent that it came to. */
  readonly recipient: string;
  /** `request`, `response`, `alert`, `ack`; for all others the sender's own word for it, or `message`. */
  readonly type: string;
  readonly text: string;
  readonly subject?: string;
  readonly metadata?: JsonObject;
  /** Everything that the sender said: `text`, `type`, and whatever else it put in. */
  readonly payload: JsonObject;
  /** When the sender made it, by its clock: ms since 1970. */
  readonly timestamp: number;
  readonly conversationId: string;
  /** All of them are here. */
  readonly files: readonly ReceivedFile[];
  /** 1 at first; higher when it is offered again after a crash, with the same id. */
  readonly attempt: number;
  /** What the guard of this node saw in it; absent when it saw nothing, or looks at nothing. */
  readonly guard?: readonly Finding[];
  /** Because of whose messages it was sent, beside those of the sender; absent when its node names none. */
  readonly sources?: readonly Source[];
}

export type Handler = (
  message: Received,
) => Promise<string | Answer | undefined | void> | string | Answer | undefined | void;

export function received(host: AgentHost, { message, senderName, attempt, findings }: InboundMessage): Received {
  const { id, from: fromId, payload, conversationId, timestamp } = message;
  const { body: text, subject, metadata } = payload;
  const type = typeOf(message);
  return {
    id,
    from: senderName,
    fromId,
    sender: senderName,
    recipient: host.agent.name,
    type,
    text,
    payload: { ...saidBeside(message), ...metadata, text, type },
    timestamp,
    conversationId,
    files: receivedFiles(host, message),
    attempt,
    ...(findings === undefined ? {} : { guard: findings }),
    ...(message.provenance === undefined ? {} : { sources: sourcesIn(message) }),
    ...(subject === undefined ? {} : { subject }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

const protocolTypes: ReadonlySet<string> = new Set(messageTypes);

/** A sender's own word cannot make a notification look like a request, which would be answered. */
function typeOf({ type, payload }: Message): string {
  if (type !== 'notification') return type;
  const word = payload.metadata?.['type'];
  return typeof word === 'string' && !protocolTypes.has(word) ? word : 'message';
}

const saidBeside = ({ priority, payload: { subject } }: Message): JsonObject => ({
  ...(priority === 'normal' ? {} : { priority }),
  ...(subject === undefined ? {} : { subject }),
});

export const toAnswer = (answer: string | Answer | undefined | void): Answer | undefined =>
  typeof answer === 'string' ? { body: answer } : (answer ?? undefined);
