import type { AgentId } from '#identity';
import type { FrameId, MailboxItem, RoomEntry, RoomRoster } from '#protocol';

/**
 * What a hub keeps. Every method is one step that takes effect whole or not at all, and is durable when its promise resolves. Ids may be
 * earlier ones of an agent (spec §12.3).
 */
export interface HubStore {
  readonly agents: HubAgents;
  readonly mailboxes: HubMailboxes;
  readonly keyPackages: HubKeyPackages;
  readonly rooms: HubRooms;
  readonly blobs: HubBlobs;
  readonly invites: HubInvites;
  totals(): Promise<HubTotals>;
  close(): Promise<void>;
}

export interface HubTotals {
  readonly agents: number;
  /** Frames in mailboxes, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
  readonly rooms: number;
  readonly blobs: number;
  readonly blobBytes: number;
}

export interface HubAgent {
  /** The present id. */
  readonly agentId: AgentId;
  readonly name: string;
  readonly registeredAt: number;
}

/** A member as its owner sees it. */
export interface HubAgentView extends HubAgent {
  readonly frames: number;
  readonly bytes: number;
  /** Since when the oldest frame waits. */
  readonly oldestAt?: number;
  readonly keyPackages: number;
  readonly blobBytes: number;
}

export interface Registration {
  readonly agentId: AgentId;
  readonly name: string;
  /** Of the card. */
  readonly seq: number;
  readonly card: Uint8Array;
  readonly capabilities: readonly string[];
  /** Lower case: what a search looks through. */
  readonly text: string;
  readonly at: number;
  /** The admission lets it in without an invite, unless it was evicted. */
  readonly isAdmitted: boolean;
  /** Also when it was. */
  readonly isReadmitted?: boolean;
  /** Hash of the secret that was shown. */
  readonly invite?: Uint8Array | undefined;
  readonly maxAgents: number;
}

/** Which life of an agent (spec 1.11). */
export interface AgentLife {
  readonly number: number;
  readonly id: Uint8Array;
  readonly encoded: Uint8Array;
}

export interface DirectoryQuery {
  /** Lower case. */
  readonly search?: string | undefined;
  readonly capability?: string | undefined;
  /** A name. */
  readonly after?: string | undefined;
  readonly limit: number;
  readonly maxBytes: number;
}

export interface HubAgents {
  /** A member. */
  find(agentId: AgentId): Promise<HubAgent | undefined>;
  card(agentId: AgentId): Promise<Uint8Array | undefined>;
  /** Throws NAME_TAKEN, CARD_ROLLBACK, NOT_ADMITTED, INVITE_INVALID, INVITE_EXPIRED, INVITE_USED, HUB_FULL. */
  register(registration: Registration): Promise<void>;
  /** All that `from` had is that of `to`, without its key packages. False when `from` is no member. */
  move(from: AgentId, to: AgentId): Promise<boolean>;
  /** Keeps the life when it is the latest; otherwise the encoded one that is later. */
  keepLife(agentId: AgentId, life: AgentLife | undefined): Promise<Uint8Array | undefined>;
  /** Cards in the order of names. `next` when there are more. */
  directory(query: DirectoryQuery): Promise<{ readonly cards: readonly Uint8Array[]; readonly next?: string }>;
  list(query: { readonly after?: string | undefined; readonly limit: number }): Promise<readonly HubAgentView[]>;
  /** Drops all that is kept for the member, and admits it again with an invite only. False when it is none. */
  evict(agentId: AgentId): Promise<boolean>;
}

export interface MailboxBounds {
  readonly maxFrames: number;
  readonly maxBytes: number;
  readonly maxFramesPerSender: number;
  readonly maxBytesPerSender: number;
  readonly maxFramesOfGuests: number;
  readonly maxBytesOfGuests: number;
}

export interface NewMail {
  readonly to: AgentId;
  readonly from: AgentId;
  readonly id: FrameId;
  readonly frame: Uint8Array;
  readonly at: number;
  /** When it is removed unread. */
  readonly expiresAt: number;
  readonly isGuest: boolean;
  readonly bounds: MailboxBounds;
}

export type Appended =
  /** `at` is that of the first time; `owner` is the present id. */
  | { readonly kind: 'stored'; readonly at: number; readonly owner: AgentId; readonly isNew: boolean }
  | { readonly kind: 'full' }
  | { readonly kind: 'unknown' };

/** A cursor in a life of the database. */
export interface Place {
  readonly epoch?: Uint8Array | undefined;
  readonly after: number;
}

export interface MailPage {
  readonly epoch: Uint8Array;
  /** 0 when the place that was asked for is not known here. */
  readonly after: number;
  readonly items: readonly MailboxItem[];
  readonly more: boolean;
}

export interface HubMailboxes {
  /** Of a store that several processes of a hub share: tells whose mailbox got a frame through any of them. */
  onArrival?(listener: (owner: AgentId) => void): void;
  /** In order, and all or none. After one that found no room, those behind it for the same agent find none either. */
  append(mails: readonly NewMail[]): Promise<readonly Appended[]>;
  /** Frames behind the place: at most `frames` of them and `bytes`, but one at least when there is one. */
  read(owner: AgentId, page: Place & { readonly frames: number; readonly bytes: number }): Promise<MailPage>;
  /** Removes frames up to a place that is known here. How many. */
  ack(owner: AgentId, place: { readonly epoch: Uint8Array; readonly upTo: number }): Promise<number>;
  /** Removes what has expired. How many frames. */
  sweep(now: number): Promise<number>;
}

export interface HubKeyPackages {
  /** How many single-use ones are there then. The newest are left out when there are more than `max`. */
  put(
    agentId: AgentId,
    put: {
      readonly packages: readonly Uint8Array[];
      readonly lastResort?: Uint8Array | undefined;
      readonly max: number;
    },
  ): Promise<number>;
  /** The oldest single-use one, which is gone then, or the last resort. */
  take(agentId: AgentId): Promise<Uint8Array | undefined>;
}

export interface RoomBounds {
  readonly maxRoomsPerAgent: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export interface NewEntry {
  readonly room: Uint8Array;
  readonly from: AgentId;
  readonly epoch: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly bounds: RoomBounds;
}

export type RoomAppended =
  | { readonly kind: 'appended'; readonly seq: number }
  | { readonly kind: 'taken'; readonly seq: number; readonly bytes: Uint8Array };

export interface HubRooms {
  /** Throws NAME_TAKEN, HUB_FULL. The same again does nothing. */
  create(room: {
    readonly room: Uint8Array;
    readonly by: AgentId;
    readonly roster: RoomRoster;
    readonly at: number;
    readonly bounds: RoomBounds;
  }): Promise<void>;
  /** Throws NOT_FOUND to who is no member, NOT_PERMITTED to who is no owner. */
  change(change: { readonly room: Uint8Array; readonly by: AgentId; readonly roster: RoomRoster }): Promise<void>;
  /** Throws NOT_FOUND, WRONG_STATE, HUB_FULL. */
  append(entry: NewEntry): Promise<RoomAppended>;
  /** Throws NOT_FOUND. */
  read(page: {
    readonly room: Uint8Array;
    readonly by: AgentId;
    readonly after: number;
    readonly limit: number;
    readonly maxBytes: number;
  }): Promise<{ readonly entries: readonly RoomEntry[]; readonly more: boolean }>;
}

export interface StoredBlob {
  /** Of its file. */
  readonly name: string;
  readonly size: number;
  readonly isComplete: boolean;
}

/** What is known of blobs; their bytes are files. */
export interface HubBlobs {
  /** Makes room for a blob, or finds it, and adds readers. Throws FILES_FULL, and WRONG_STATE when it has another size. */
  open(blob: {
    readonly blob: Uint8Array;
    readonly owner: AgentId;
    readonly to: readonly AgentId[];
    readonly size: number;
    readonly at: number;
    /** For a new one. */
    readonly name: string;
    readonly maxBytes: number;
  }): Promise<StoredBlob>;
  complete(name: string): Promise<void>;
  drop(name: string): Promise<void>;
  /** Forgets what the owner put under that address. Its name; undefined when there is none. */
  dropOf(owner: AgentId, blob: Uint8Array): Promise<string | undefined>;
  /** One that is complete, for its owner and readers. */
  find(blob: Uint8Array, reader: AgentId, at: number): Promise<StoredBlob | undefined>;
  /** Forgets those that nobody asked for since; the names of their files. */
  dropIdle(since: number): Promise<readonly string[]>;
  /** Of all that are kept. */
  names(): Promise<readonly string[]>;
}

export interface HubInviteView {
  /** The first characters of the hash in hex. */
  readonly id: string;
  readonly note: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly usedBy?: AgentId;
  readonly usedAt?: number;
}

export interface HubInvites {
  create(invite: {
    readonly hash: Uint8Array;
    readonly note: string;
    readonly createdAt: number;
    readonly expiresAt: number;
  }): Promise<void>;
  list(): Promise<readonly HubInviteView[]>;
  /** False when there is none, or it was used. */
  revoke(id: string): Promise<boolean>;
}
