import type { ErrorCode, MeshError } from '#kernel';
import type { AgentId, VerifiedIncarnation, VerifiedRotation } from '#identity';
import type { BlobGet, Frame, FrameId, MailboxAck } from '#protocol';
import type { Acked, Ask, AskAnswer, ServiceAnswer, ServiceQuestion, WithoutNumber } from './link-asks.ts';

/** Which bytes of which blob (spec §10.4). */
export type BlobAsk = Omit<BlobGet, 'op' | 'n'>;

/** What the far end said about a frame. Only `delivered` and `stored` mean that it is durable there. */
export type FrameOutcome =
  /** With `pause` it wants no more messages for a while (spec 6.10). */
  | { readonly kind: 'delivered'; readonly pause?: { readonly code: ErrorCode; readonly retryAfterMs: number } }
  /** `receipt` is signed by the hub that holds the frame. */
  | { readonly kind: 'stored'; readonly receipt: Uint8Array }
  /** With `retryAfterMs` it is only not taken now: after that time this frame comes first (spec 6.10). */
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly retryAfterMs?: number };

/** Who is at the far end, proved by signatures over both nonces. */
export interface LinkPeer {
  readonly agentId: AgentId;
  /** Statements by which this id followed from earlier ones, oldest first; each verified. */
  readonly rotations: readonly VerifiedRotation[];
  /** Which life of the agent speaks; absent for one that was never brought back (spec 1.11). */
  readonly incarnation?: VerifiedIncarnation;
}

/**
 * An authenticated connection between one local and one remote agent, over which frames flow both ways (PROTOCOL §8).
 */
export interface Link {
  readonly local: AgentId;
  readonly remote: LinkPeer;
  /** Who keeps frames for `remote` at the far end; absent when the far end is `remote` itself. What is kept is answered by the peer later (spec §13.3). */
  readonly keeper?: AgentId;
  /** `direct ws://…` for people; `inbound 10.0.0.7` for accepted ones. */
  readonly route: string;
  /**
   * Waits for credit, then writes; resolves when the far end answered. Rejects with LINK_CLOSED. Frames are written in
   * call order.
   */
  sendFrame(frame: Frame, options?: { readonly onWritten?: () => void }): Promise<FrameOutcome>;
  /** The current card of the remote agent. */
  getCard(): Promise<Uint8Array>;
  /** A key package of the remote agent for a new session; NOT_TRUSTED when it does not know us. */
  takeKeyPackage(): Promise<Uint8Array>;
  /**
   * Asks a hub (spec §12.2), and resolves with its answer: `ask({ op: 'directory', search: 'bob' })` with a `listing`. Rejects with what the
   * hub refuses, PEER_TOO_OLD, TIMEOUT, LINK_CLOSED, and the reason of the signal. A `fetch` may take its `waitMs` longer than the others.
   */
  ask<Q extends Ask>(question: Q, options?: { readonly signal?: AbortSignal }): Promise<AskAnswer<Q['op']>>;
  /** Tells a hub that frames up to there are durable here. Does nothing when the link has ended. */
  ack(acked: Acked): void;
  /** Version of the protocol that both sides speak. */
  readonly version: number;
  /**
   * Asks for bytes of a blob; `onPiece` gets them in order, and pieces of several asks come in the order of the asks. A piece is there
   * during the call only. Resolves when all are there. Rejects with NOT_FOUND, PEER_TOO_OLD, TIMEOUT, LINK_CLOSED, and with what else the far
   * end says.
   */
  getBlob(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void>;
  /** Round trip in ms. */
  ping(): Promise<number>;
  /** How far the far end's clock was ahead of ours at its latest `pong`, in ms; off by what the way back took. */
  readonly clockOffsetMs?: number | undefined;
  /**
   * The remote agent became trusted while the link is open: it gets full credit. Once is enough; again does nothing.
   */
  grant(): void;
  /** Resolves once with why it ended; undefined after `close()` without a reason. */
  readonly closed: Promise<MeshError | undefined>;
  /** Ends the link at once; what waits for an answer rejects with LINK_CLOSED. The far end is told the reason. */
  close(reason?: ErrorCode | MeshError): void;
}

/** What a hub does for agents beyond itself; a node has none. */
export interface LinkService {
  /** A frame whose sender the link proved and that is for another agent than the local one. As `LinkHandler.onFrame`. */
  onFrame(frame: Frame, link: Link): Promise<FrameOutcome>;
  /** Throws to refuse; the far end is told the code and `data.retryAfterMs`. Once the link has ended nobody gets the answer. */
  answer(question: ServiceQuestion, link: Link): Promise<WithoutNumber<ServiceAnswer>>;
  onAck(ack: MailboxAck, link: Link): void;
}

/** What a node does with what comes in over its links. */
export interface LinkHandler {
  /**
   * Resolves when the frame is committed or finally refused; the link then answers the far end and gives its credit
   * back.
   */
  onFrame(frame: Frame, link: Link): Promise<FrameOutcome>;
  cardOf(agentId: AgentId): Promise<Uint8Array>;
  /** Throws NOT_TRUSTED for strangers. */
  keyPackageFor(link: Link): Promise<Uint8Array>;
  /**
   * Fills the parts, one after another, with all the bytes asked for. Throws NOT_TRUSTED for strangers, NOT_FOUND for what was not sent to
   * that peer.
   */
  readBlob(ask: BlobAsk, link: Link, parts: readonly Uint8Array[]): Promise<void>;
  /** True grants full credit; a stranger gets one frame: a contact request. */
  isTrusted(local: AgentId, remote: LinkPeer): boolean;
  /**
   * Has the last word on a far end that proved who it is, before anything is granted or shown. Throws SUPERSEDED (made
   * by `superseded`) for an earlier life of an agent whose later one is known, and when the local agent is such a one.
   */
  admit(local: AgentId, remote: LinkPeer): void;
  /** A far end refused with SUPERSEDED and this encoded incarnation, which nobody has verified. */
  onProof(proof: Uint8Array): void;
  /** A link is up, whichever side dialled. Called before any frame is handed over. */
  onLink(link: Link): void;
  /** Serves others than the local agent; without it what is meant for them is refused. */
  readonly service?: LinkService | undefined;
}

export type FrameAnswer = { readonly frameId: FrameId } & FrameOutcome;
