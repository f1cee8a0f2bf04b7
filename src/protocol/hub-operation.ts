import type { AgentId } from '#identity';

/** What an agent asks a hub (spec §12.2). `n` is chosen by who asks and comes back in the answer. */
export type HubQuestion =
  /** Registers the agent of the link, or renews its card. `invite` is the secret of a hub invite. */
  | { readonly op: 'card.put'; readonly n: number; readonly card: Uint8Array; readonly invite?: Uint8Array }
  /** Keeps packages that are handed out once each, and one for when they run out. */
  | {
      readonly op: 'keypackage.put';
      readonly n: number;
      readonly packages: readonly Uint8Array[];
      readonly lastResort?: Uint8Array;
    }
  /** `after` is the `next` of the listing before. */
  | {
      readonly op: 'directory';
      readonly n: number;
      readonly search?: string;
      readonly capability?: string;
      readonly after?: string;
    }
  /** Frames of the own mailbox behind the place `epoch`, `after`, at most so many; waits up to `waitMs` for the first. */
  | {
      readonly op: 'fetch';
      readonly n: number;
      readonly epoch?: Uint8Array;
      readonly after: number;
      readonly frames: number;
      readonly bytes: number;
      readonly waitMs: number;
    }
  | { readonly op: 'presence'; readonly n: number; readonly agents: readonly AgentId[] }
  /** Bytes of a blob of `size` bytes for the agents in `to`; without `bytes` it only asks how many are there. */
  | {
      readonly op: 'blob.put';
      readonly n: number;
      readonly blob: Uint8Array;
      readonly to: readonly AgentId[];
      readonly offset: number;
      readonly size: number;
      readonly bytes?: Uint8Array;
    }
  /** What the asker put is not needed any more. */
  | { readonly op: 'blob.drop'; readonly n: number; readonly blob: Uint8Array }
  | ({ readonly op: 'room.create'; readonly n: number; readonly room: Uint8Array } & RoomRoster)
  | ({ readonly op: 'room.members'; readonly n: number; readonly room: Uint8Array } & RoomRoster)
  /** Takes effect only when nothing was appended for this epoch. */
  | {
      readonly op: 'room.append';
      readonly n: number;
      readonly room: Uint8Array;
      readonly epoch: number;
      readonly bytes: Uint8Array;
    }
  | { readonly op: 'room.read'; readonly n: number; readonly room: Uint8Array; readonly after: number };

/** Who may read and append, and who of them may change that. */
export interface RoomRoster {
  readonly members: readonly AgentId[];
  readonly owners: readonly AgentId[];
}

/** A frame as it lies in a mailbox; `at` is when the hub took it (ms since 1970). */
export interface MailboxItem {
  readonly cursor: number;
  readonly at: number;
  readonly frame: Uint8Array;
}

export interface RoomEntry {
  readonly seq: number;
  readonly epoch: number;
  readonly from: AgentId;
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** What a hub answers. */
export type HubAnswer =
  /** `have`: key packages that are left, or bytes of the blob that are there. */
  | { readonly op: 'done'; readonly n: number; readonly have?: number }
  | { readonly op: 'listing'; readonly n: number; readonly cards: readonly Uint8Array[]; readonly next?: string }
  /** From the place `after` on, which is 0 when the hub does not know the place that was asked for (spec §12.5). */
  | {
      readonly op: 'frames';
      readonly n: number;
      readonly epoch: Uint8Array;
      readonly after: number;
      readonly items: readonly MailboxItem[];
      readonly more: boolean;
    }
  | { readonly op: 'presence.is'; readonly n: number; readonly online: readonly AgentId[] }
  | { readonly op: 'room.appended'; readonly n: number; readonly seq: number }
  /** Somebody else was first for this epoch, with these bytes. */
  | { readonly op: 'room.taken'; readonly n: number; readonly seq: number; readonly bytes: Uint8Array }
  | {
      readonly op: 'room.entries';
      readonly n: number;
      readonly entries: readonly RoomEntry[];
      readonly more: boolean;
    };

/** The hub may forget all frames up to the place; nothing is answered. */
export interface MailboxAck {
  readonly op: 'ack';
  readonly epoch: Uint8Array;
  readonly upTo: number;
}

export type HubOperation = HubQuestion | HubAnswer | MailboxAck;
