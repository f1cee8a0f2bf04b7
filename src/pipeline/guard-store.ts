import type { Finding } from '#guard';
import type { AgentId } from '#identity';
import type { MessageId } from '#protocol';
import type { Source } from './sources.ts';

/** What is done about a message in which the guard saw something. */
export type GuardVerdict = 'label' | 'review' | 'block';

export type GuardDirection = 'in' | 'out';
export type ReviewDecision = 'approved' | 'denied';

/** What was seen in a message, and what is done about it. */
export interface Judged {
  readonly verdict: GuardVerdict;
  readonly findings: readonly Finding[];
}

export interface GuardRow extends Judged {
  readonly at: number;
  readonly decision?: ReviewDecision;
  readonly decidedAt?: number;
}

/** A message that waits for the owner. */
export interface HeldMessage extends GuardRow {
  readonly direction: GuardDirection;
  readonly agent: string;
  readonly peer: AgentId;
  readonly id: MessageId;
  readonly seq: number;
}

/** Whose text came with answers that were asked for because of a message of the inbox, by its number. */
export interface SourceReader {
  heard(cause: number): readonly Source[];
}

export interface SourceWriter extends SourceReader {
  add(cause: number, source: Source): void;
  /** Drops rows of messages that are not kept any more. Returns how many. */
  prune(): number;
}

/** By the number of the message in its box. */
export interface GuardPlace {
  readonly direction: GuardDirection;
  readonly seq: number;
}

export interface GuardReader {
  row(place: GuardPlace): GuardRow | undefined;
  /** Of messages of the inbox; only those in which something was seen. */
  findings(seqs: readonly number[]): ReadonlyMap<number, readonly Finding[]>;
  /** What waits for the owner, oldest first. */
  held(agent: string, limit: number): readonly HeldMessage[];
  heldCount(agent: string): { readonly in: number; readonly out: number };
}

export interface GuardWriter extends GuardReader {
  put(place: GuardPlace, judged: Judged & { readonly at: number }): void;
  decide(place: GuardPlace, decided: { readonly decision: ReviewDecision; readonly at: number }): void;
  /** Drops rows of messages that are not kept any more. Returns how many. */
  prune(): number;
}
