import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { FileRow, OutboxState } from '#delivery';
import type { FrameId, Message, MessageId } from '#protocol';
import type { Contact } from '#trust';

/** Steps on the way of a message that are told; `mesh track` shows the same. */
export type MessageStep =
  | 'queued'
  | 'sealed'
  | 'sent'
  /** A hub holds its frame. */
  | 'stored'
  | 'delivered'
  | 'seen'
  | 'answered'
  | 'refused'
  | 'expired'
  | 'cancelled'
  /** Its session is gone: it waits to be sealed anew. */
  | 'unsealed'
  /** The peer is away for too long: given up until it is heard from. */
  | 'dead'
  /** The peer was heard from again: it goes on. */
  | 'revived';

/** Messages of one lane that took the same step; as many at once as took it together. */
export interface StateEvent {
  readonly type: 'state';
  readonly agent: string;
  readonly peer: AgentId;
  readonly ids: readonly MessageId[];
  readonly step: MessageStep;
  /** The state after it. */
  readonly state: OutboxState;
  readonly reason?: ErrorCode;
  readonly answerId?: MessageId;
  readonly route?: string;
}

/** What happened, after it was committed. `agent` is the name of the local agent. */
export type PipelineEvent =
  | { readonly type: 'received'; readonly agent: string; readonly peer: AgentId; readonly messages: readonly Message[] }
  | StateEvent
  /** The agent's program gave up on messages that came in: they are dead letters. */
  | {
      readonly type: 'buried';
      readonly agent: string;
      readonly peer: AgentId;
      readonly ids: readonly MessageId[];
      readonly reason: ErrorCode;
      /** The request that it answers. */
      readonly request?: MessageId;
    }
  /** The guard saw something in messages: they wait for the owner. */
  | {
      readonly type: 'held';
      readonly direction: 'in' | 'out';
      readonly agent: string;
      readonly peer: AgentId;
      readonly ids: readonly MessageId[];
      /** The request that an answer among them belongs to. */
      readonly request?: MessageId;
    }
  /** A file came further, or to its end. `dropped` is what was kept of it and is not needed any more. */
  | {
      readonly type: 'file';
      readonly agent: string;
      readonly peer: AgentId;
      readonly file: FileRow;
      readonly dropped?: string;
    }
  /** A message was refused for its files. */
  | {
      readonly type: 'files-refused';
      readonly agent: string;
      readonly peer: AgentId;
      readonly message: MessageId;
      readonly bytes: number;
      readonly reason: ErrorCode;
    }
  /** What came could not be opened: it was replayed (SESSION_REPLAY), changed on the way, or is of a session that is gone. */
  | {
      readonly type: 'frame-refused';
      readonly agent: string;
      readonly peer: AgentId;
      readonly frame: FrameId;
      readonly reason: ErrorCode;
    }
  | { readonly type: 'contact'; readonly contact: Contact }
  /** A mailbox holds what the contact is told of trust: a request or an acceptance. */
  | { readonly type: 'mailed'; readonly contact: Contact }
  | { readonly type: 'request'; readonly contact: Contact }
  | { readonly type: 'session-replaced'; readonly agent: string; readonly peer: AgentId; readonly reason: ErrorCode };
