import type { ErrorCode } from '#kernel';
import type { AgentId } from '#identity';
import type { MessageId } from '#protocol';

export const fileDirections = ['in', 'out'] as const;
export type FileDirection = (typeof fileDirections)[number];

/**
 * `open`: bytes are still to come or to go. `done`: the receiver has it whole, which it says in the session. `ended`: it
 * will not arrive.
 */
export const fileStates = ['open', 'done', 'ended'] as const;
export type FileState = (typeof fileStates)[number];

/** One file of one message, beside it. Name, media type and key stand in the message. */
export interface NewFile {
  readonly agent: string;
  readonly peer: AgentId;
  readonly direction: FileDirection;
  readonly message: MessageId;
  /** Which of the attachments of the message it is. */
  readonly place: number;
  readonly blob: Uint8Array;
  readonly size: number;
  /** Under which its sealed bytes are kept here. */
  readonly data: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** A file with everything known about its way. Times in ms since 1970. */
export interface FileRow extends Omit<NewFile, 'data'> {
  readonly no: number;
  readonly state: FileState;
  /** Chunks that the receiver has for good. Of a file that goes out, what it said last. */
  readonly have: number;
  /** Absent when nothing of it is kept here any more. */
  readonly data?: string;
  /** Why it ended. */
  readonly reason?: ErrorCode;
  /** When it became done or ended. */
  readonly endedAt?: number;
}

export interface FileQuery {
  readonly agent: string;
  readonly peer?: AgentId;
  readonly states?: readonly FileState[];
  readonly limit: number;
}

/** Who has the message: ids are the sender's choice, so two peers may use one. */
export interface FileOwner {
  readonly agent: string;
  readonly peer: AgentId;
  readonly direction: FileDirection;
}

export interface FileReader {
  file(no: number): FileRow | undefined;
  /** In the order of the attachments. */
  ofMessage(owner: FileOwner, message: MessageId): readonly FileRow[];
  /** Files that are not settled, oldest first. */
  open(owner: FileOwner): readonly FileRow[];
  /** What was sent to that peer under that address, while its bytes are kept. */
  offered(agent: string, peer: AgentId, blob: Uint8Array): FileRow | undefined;
  /** Newest first. */
  list(query: FileQuery): readonly FileRow[];
  /** The ids of the chunks that are there, in order. */
  chunkIds(no: number): Iterable<Uint8Array>;
  /** Bytes of files that are kept or promised room. */
  usage(direction: FileDirection, of?: { readonly agent: string; readonly peer: AgentId }): number;
  /** Every `data` that a row of the agent names. */
  dataNames(agent: string): ReadonlySet<string>;
}

export interface FileWriter extends FileReader {
  insert(file: NewFile): void;
  /** Chunks that came in from number `from` on; what was known of those and later ones is forgotten. */
  putChunks(no: number, from: number, ids: readonly Uint8Array[]): void;
  /** What the receiver has, as it said. */
  noteHave(no: number, have: number): void;
  /** The receiver has all of it. */
  finish(no: number, at: number): void;
  end(no: number, ended: { readonly reason: ErrorCode; readonly at: number }): void;
  /** Nothing of it is kept here from now on; a file that was open is for the caller to end. Returns what was. */
  dropData(no: number): string | undefined;
  /** For a message that was not accepted after all. Returns what was kept. */
  deleteOf(owner: FileOwner, message: MessageId): readonly string[];
  /** Deletes rows older than `before` whose message is not there any more. Returns what was kept of them. */
  prune(agent: string, before: number): readonly string[];
}
