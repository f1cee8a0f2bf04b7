import type { AgentId } from '#identity';

export type MessageId = `msg_${string}`;
export type ConversationId = `conv_${string}`;
export const messageTypes = ['request', 'response', 'notification', 'alert', 'ack'] as const;
export type MessageType = (typeof messageTypes)[number];
export const priorities = ['high', 'normal', 'low'] as const;
export type Priority = (typeof priorities)[number];

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

/** A file inside the message. The name is data: never used as a path. */
export interface InlineAttachment {
  readonly kind: 'inline';
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A pointer that the node never fetches. */
export interface UrlAttachment {
  readonly kind: 'url';
  readonly name: string;
  readonly url: string;
  readonly mediaType?: string;
}

/** A file of any size beside the message: where its sealed bytes are found, and the key that opens them (spec §10). */
export interface BlobAttachment {
  readonly kind: 'blob';
  readonly name: string;
  readonly mediaType: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Its content address, 32 bytes: a hash over its sealed chunks. */
  readonly blob: Uint8Array;
  /** 32 bytes, of this blob alone. */
  readonly key: Uint8Array;
}

export type Attachment = InlineAttachment | UrlAttachment | BlobAttachment;

export interface Payload {
  readonly subject?: string;
  readonly body: string;
  readonly attachments?: readonly Attachment[];
  readonly metadata?: JsonObject;
}

/** What an agent says to another (spec §3.1). Times in ms since 1970, `ttl` in seconds. */
export interface Message {
  readonly id: MessageId;
  readonly type: MessageType;
  readonly from: AgentId;
  readonly to: AgentId;
  readonly timestamp: number;
  readonly ttl: number;
  readonly priority: Priority;
  readonly conversationId: ConversationId;
  readonly conversationSeq?: number;
  readonly parentMessageId?: MessageId;
  readonly correlationId?: MessageId;
  readonly idempotencyKey?: string;
  /** The message that this one says again, as it was first sent: whoever has that one has this one (spec §3.2). */
  readonly replayOf?: MessageId;
  readonly participants?: readonly AgentId[];
  /** Opaque to the receiver; a response carries it back untouched. */
  readonly replyContext?: Json;
  readonly payload: Payload;
  readonly trace?: { readonly traceparent: string };
  readonly budget?: {
    readonly hops?: number;
    readonly turns?: number;
    readonly tokens?: number;
    readonly costUsd?: number;
  };
  readonly provenance?: readonly Json[];
}
