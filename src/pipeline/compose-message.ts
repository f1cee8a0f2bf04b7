import type {
  Attachment,
  ConversationId,
  Json,
  JsonObject,
  Message,
  MessageId,
  MessageType,
  Priority,
} from '#protocol';
import type { Lane } from './lane.ts';
import { provenanceFor } from './provenance.ts';
import type { Source } from './sources.ts';

/** What a caller says; the rest of the message is filled in. `ttlSeconds` defaults by type (PROTOCOL §6). */
export interface Draft {
  readonly type: MessageType;
  readonly body: string;
  readonly subject?: string | undefined;
  readonly priority?: Priority | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly replyContext?: Json | undefined;
  readonly conversationId?: ConversationId | undefined;
  readonly parentMessageId?: MessageId | undefined;
  readonly correlationId?: MessageId | undefined;
  /** What it may cause; without it as much as a first message may. */
  readonly budget?: Message['budget'] | undefined;
  /** Whose text it may hold, because of which messages it is sent. */
  readonly sources?: readonly Source[] | undefined;
}

type Between = Pick<Lane, 'agent' | 'peer' | 'ports'>;

export function composeMessage(lane: Between, draft: Draft): Message {
  const { clock, ids, limits } = lane.ports;
  const { type, body, subject, attachments, metadata } = draft;
  return {
    id: ids.next('msg'),
    type,
    from: lane.agent.agentId,
    to: lane.peer,
    timestamp: clock.now(),
    ttl: draft.ttlSeconds ?? defaultTtlSeconds(type, limits),
    priority: draft.priority ?? 'normal',
    conversationId: draft.conversationId ?? ids.next('conv'),
    ...present({
      idempotencyKey: draft.idempotencyKey,
      replyContext: draft.replyContext,
      parentMessageId: draft.parentMessageId,
      correlationId: draft.correlationId,
      budget: draft.budget,
      provenance: provenanceFor(lane, draft.sources),
    }),
    payload: { body, ...present({ subject, attachments, metadata }) },
  };
}

/** The answer to a request: same conversation, correlated, with the opaque reply context untouched. */
export function composeAnswer(lane: Between, request: Message, draft: Omit<Draft, 'type'>): Message {
  return composeMessage(lane, {
    priority: request.priority,
    replyContext: request.replyContext,
    ...draft,
    type: 'response',
    conversationId: request.conversationId,
    parentMessageId: request.id,
    correlationId: request.id,
  });
}

function defaultTtlSeconds(type: MessageType, limits: Lane['ports']['limits']): number {
  if (type === 'request') return limits.requestTtlSeconds;
  return type === 'alert' ? limits.alertTtlSeconds : limits.messageTtlSeconds;
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is undefined: absent and undefined are different on the wire. */
function present<T extends object>(fields: T): Present<T> {
  const kept: Present<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    const value = fields[key];
    if (value !== undefined) kept[key] = value as Exclude<T[keyof T], undefined>;
  }
  return kept;
}
