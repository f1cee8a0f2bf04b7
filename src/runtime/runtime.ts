import type { Finding } from '#guard';
import type { MeshError } from '#kernel';
import type { Json, Message, MessageType } from '#protocol';

/** A message as an agent's program sees it: verified sender, never its own word for it. */
export interface InboundMessage {
  readonly message: Message;
  /** The receiver's own name for the sender. */
  readonly senderName: string;
  /** 1 at the first offer; the same message id may be offered again after a crash. */
  readonly attempt: number;
  /** What the guard of this node saw in it; absent when it saw nothing. */
  readonly findings?: readonly Finding[];
  /** Because of whose messages it was sent, beside those of the sender, with own names for them; absent when its node names none. */
  readonly sources?: readonly { readonly agent: string; readonly message: string; readonly name?: string }[];
}

export interface Answer {
  readonly body: string;
  readonly subject?: string;
  readonly metadata?: { readonly [key: string]: Json };
  /** What the turn used, taken off what the message may use; no text of it is sent. */
  readonly usage?: Usage;
}

/** `costUsd` in US dollars. */
export interface Usage {
  readonly tokens?: number;
  readonly costUsd?: number;
}

/** How a message reaches an agent's brain and how its answer comes back. */
export interface Runtime {
  readonly kind: 'inbox' | 'attached' | 'command' | 'webhook' | 'openclaw' | 'in-process';
  /** Message types offered to it; others stay in the inbox. */
  readonly types: readonly MessageType[];
  /** How many messages at once; 1 keeps the order. */
  readonly concurrency: number;
  /** Why messages wait for it, with what its owner does about it. */
  readonly trouble?: MeshError | undefined;
  /**
   * Hands over one message. The answer to a request becomes its response. Throws HANDLER_FAILED or HANDLER_TIMEOUT (the
   * message is offered again). Aborted when the node stops.
   */
  handle(inbound: InboundMessage, options: { readonly signal: AbortSignal }): Promise<Answer | undefined>;
  /** Ends connections that it keeps. */
  close?(): void;
}
