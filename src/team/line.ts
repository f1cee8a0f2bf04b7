import type { Finding } from '#guard';
import type { Teammate } from './teammate.ts';

/** Over what an agent is reached: the node of its owner, or its gateway. */
export type Way = 'mesh' | 'gateway';

export interface Question {
  readonly text: string;
  /** Of the gateway; in the mesh a conversation is what a session is. */
  readonly session: string;
  readonly timeoutMs: number;
  /** What it follows. */
  readonly after?: Reply | undefined;
}

export interface Reply {
  readonly text: string;
  /** By which it is found again: a run of the gateway, or the id of the request. */
  readonly run: string;
  readonly elapsedMs: number;
  /** What the guard saw in a reply that came from a gateway. */
  readonly guard?: readonly Finding[];
  /** In the mesh: the id of the answer. */
  readonly answerId?: string;
}

/** A way to the agent of a teammate that was found open. */
export interface Line extends Disposable {
  readonly teammate: Teammate;
  readonly way: Way;
  /** `ws://10.0.0.11:18789`, or the route of the mesh. */
  readonly address: string;
  /** How long the other side took to answer when it was looked at. */
  readonly latencyMs?: number;
  /**
   * The whole reply to this question and to no other. Rejects with ANSWER_TIMEOUT, HANDLER_FAILED, GATEWAY_REFUSED,
   * GATEWAY_UNREACHABLE, what the mesh refuses with, and the reason of the signal.
   */
  ask(question: Question, signal: AbortSignal): Promise<Reply>;
}
