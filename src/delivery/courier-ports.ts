import type { Clock, ErrorCode, Limits, Logger, Random } from '#kernel';
import type { AgentId } from '#identity';
import type { Link } from '#link';
import type { BreakerState } from './breaker.ts';
import type { Held } from './hold.ts';
import type { OutboxFrame } from './store.ts';

/** What a courier needs from the outside. */
export interface CourierPorts {
  /** Opens a link by the best route; with `direct` to the peer's node alone. Rejects with the error of the last route tried. */
  dial(options: { readonly signal: AbortSignal; readonly direct?: boolean }): Promise<Link>;
  /** Runs on every new link before frames flow: sends what the contact exchange still owes. */
  greet(link: Link): Promise<void>;
  /** A mailbox is still all there is: the peer may have another one by now. Ends the link then; never rejects. */
  lookAgain(link: Link): Promise<void>;
  /** Nothing that the mailbox keeps is answered by the peer. Ends the link when there is another mailbox to try; true then. */
  passOver(link: Link): boolean;
  /** True while a mailbox keeps what goes before frames, and the peer has not answered it. */
  awaitsStep(): boolean;
  /** Frames that were sealed but not acknowledged when the node started. */
  unacknowledged(): readonly OutboxFrame[];
  /** True when there is anything that a link would help with. */
  hasWork(): boolean;
  onSent(frame: OutboxFrame, route: string): void;
  /** A mailbox holds the frame; the peer's own answer comes by `answered`. */
  onStored(frame: OutboxFrame, keeper: AgentId): void;
  /** The far end has the frame. */
  onTaken(frame: OutboxFrame): void;
  /** The far end's final word on a frame that it does not take; those that pass never come here. Rejects when it cannot be stored. */
  onRefused(frame: OutboxFrame, code: ErrorCode): Promise<void>;
  /** There is room for more frames, or a link came or went. */
  onChange(change: CourierChange): void;
}

export type CourierChange =
  | { readonly type: 'up'; readonly route: string }
  | { readonly type: 'down'; readonly code: ErrorCode; readonly message: string }
  | { readonly type: 'held'; readonly held: Held }
  | { readonly type: 'room' };

export interface CourierOptions {
  readonly ports: CourierPorts;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
}

export interface RouteStatus {
  readonly link: 'up' | 'down';
  readonly route?: string;
  readonly breaker: BreakerState;
  /** When the next attempt is allowed, while down and failing. */
  readonly retryAt?: number;
  readonly lastError?: { readonly code: ErrorCode; readonly message: string; readonly at: number };
  readonly latencyMs?: number;
  /** How far the peer's clock is ahead of ours, in ms. */
  readonly clockOffsetMs?: number;
  readonly lastHeardAt?: number;
  /** The peer takes nothing before a time. */
  readonly held?: Held;
}
