import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { FileRow, OutboxState } from '#delivery';
import type { Message, MessageId } from '#protocol';
import type { Contact } from '#trust';

/** What happened, after it was committed. `agent` is the name of the local agent. */
export type PipelineEvent =
  | { readonly type: 'received'; readonly agent: string; readonly peer: AgentId; readonly messages: readonly Message[] }
  | {
      readonly type: 'state';
      readonly agent: string;
      readonly peer: AgentId;
      readonly ids: readonly MessageId[];
      readonly state: OutboxState;
      readonly reason?: ErrorCode;
      readonly answerId?: MessageId;
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
  | { readonly type: 'contact'; readonly contact: Contact }
  | { readonly type: 'request'; readonly contact: Contact }
  | { readonly type: 'session-replaced'; readonly agent: string; readonly peer: AgentId; readonly reason: ErrorCode };
