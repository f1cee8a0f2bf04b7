import {
  type Clock,
  type IdSource,
  type Limits,
  type Logger,
  MeshError,
  PacedRetry,
  type Random,
  Serial,
} from '#kernel';
import type { AgentId, KeyPair, RotationStatement, Vault, VerifiedCard } from '#identity';
import { type Courier, nothingOvertaken, type Overtaken } from '#delivery';
import type { FrameId, MessageId } from '#protocol';
import type { Budget, InboundRate, PendingExchange } from '#trust';
import type { SecureSession, SessionEngine, SessionSelf } from '#session';
import { type Arrival, Arrivals } from './arrivals.ts';
import { DeferredWrites } from './deferred-writes.ts';
import { MailAnswers } from './mail-answers.ts';
import type { PipelineEvent } from './event.ts';
import type { MessageGuard } from './guard-policy.ts';
import type { RecentMessages } from './recent-messages.ts';
import type { Pauses } from './pauses.ts';
import type { Spendings } from './spendings.ts';
import type { MeshStore } from './store.ts';
import type { LentTurns } from './turns.ts';

/** A local agent as the pipeline sees it. Values change when its key is rotated, so they are read when needed. */
export interface LocalAgent {
  readonly name: string;
  readonly agentId: AgentId;
  /** Ids of earlier root keys: messages addressed to them are still ours. */
  readonly formerIds: readonly AgentId[];
  /** Oldest first; the last one leads to `agentId`. */
  readonly rotations: readonly RotationStatement[];
  readonly self: SessionSelf;
  readonly root: KeyPair;
  readonly vault: Vault;
  card(): VerifiedCard;
}

/** A request of a local agent, and the only one who can answer it. */
export interface Asked {
  readonly agent: string;
  readonly peer: AgentId;
  readonly request: MessageId;
}

/** What every journey needs; made once by the node. */
export interface PipelinePorts {
  readonly store: MeshStore;
  readonly engine: SessionEngine;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: IdSource;
  readonly limits: Limits;
  readonly logger: Logger;
  /** What came lately, for the programs. */
  readonly recent: RecentMessages;
  readonly spendings: Spendings;
  readonly pauses: Pauses;
  readonly guard: MessageGuard;
  /** Of messages that nothing caused, and of those that come without one. */
  rootBudget(agent: string): Budget;
  emit(event: PipelineEvent): void;
  /** True when somebody waits for the answer to this message: it goes to them and not to the agent's program. */
  isAwaited(asked: Asked): boolean;
  /** True when the agent's program gets a message only with its files. */
  waitsForFiles(agent: string): boolean;
  /** The turns of the agent's program while it waits for work; asked for inside the transaction that stores some. */
  lendTurns(agent: string): LentTurns | undefined;
}

export interface LaneOptions {
  readonly agent: LocalAgent;
  readonly peer: AgentId;
  readonly ports: PipelinePorts;
  makeCourier(lane: Lane): Courier;
}

/** Everything in memory about one local agent and one peer. One task at a time changes it: `serial`. */
export class Lane {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
  readonly serial = new Serial();
  readonly courier: Courier;
  readonly deferred: DeferredWrites;
  readonly storing: PacedRetry;
  readonly mailAnswers = new MailAnswers();
  readonly arrivals = new Arrivals();
  /** Bytes of messages that were accepted in memory and are not committed yet. */
  arrivingBytes = 0;
  /** Messages with an idempotency key that are not committed yet. */
  readonly keysUnderWay = new Map<string, Arrival>();
  /** Sessions beside `session` that were opened lately, by group id. */
  readonly openSessions = new Map<string, SecureSession>();
  /** Events of the transaction under way, told after its commit. */
  readonly applied: PipelineEvent[] = [];
  /** Changes when the peer rotates its key. */
  peer: AgentId;
  /** The session that seals, once loaded or made. */
  session: SecureSession | undefined;
  /** Whether the outbox may hold unsealed messages of this peer; when unsure, true. */
  hasStored = true;
  hasReceipts = true;
  /** The step of the contact exchange that a greeting is about to bring to the peer, and the link that it uses. */
  telling: { readonly on: object; readonly step: Pick<PendingExchange, 'kind' | 'nonce'> } | undefined;
  /** The step of the contact exchange that was put into a mailbox, and when by the monotonic clock. */
  mailed:
    | { readonly frameId: FrameId; readonly step: Pick<PendingExchange, 'kind' | 'nonce'>; readonly at: number }
    | undefined;
  /** The id of the agent up to which its rotations were put into a mailbox of the peer, and when by the monotonic clock. */
  rotated: { readonly to: AgentId; readonly at: number } | undefined;
  /** The contact says that the peer refused something: what gets through now is news. */
  isDoubted = false;
  /** Where the priorities of what is sealed go on. */
  overtaken: Overtaken = nothingOvertaken;
  /** How much came in lately; undefined when nothing did. */
  inboundRate: InboundRate | undefined;
  /** How often in a row the peer was told that the inbox is full, and until when (monotonic). */
  inboxFull: { readonly times: number; readonly until: number } | undefined;
  /** Messages that were accepted before this time were looked at when the peer was given up (ms since 1970). */
  givenUpUntil = 0;
  /** Whether there may be messages that were given up; when unsure, true. */
  hasGivenUp = true;
  /** Replacements of the session in a row without a frame that got through. */
  replacements = 0;
  #flush: ((lane: Lane) => Promise<void>) | undefined;
  /** In which arrivals wait for room on the link. */
  #moment: { isOver: boolean } | undefined;
  #scheduled = false;
  #delayed = false;
  #closed = false;

  constructor(options: LaneOptions) {
    this.agent = options.agent;
    this.peer = options.peer;
    this.ports = options.ports;
    this.deferred = new DeferredWrites(options.ports);
    const { clock, random, limits } = options.ports;
    const pace = { firstMs: limits.storeRetryMs, maxMs: limits.storeMaxRetryMs };
    this.storing = new PacedRetry({ clock, random, pace });
    this.courier = options.makeCourier(this);
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Set by the sending journey: what `flushSoon` runs. */
  onFlush(flush: (lane: Lane) => Promise<void>): void {
    this.#flush = flush;
  }

  /** Seals and sends what waits, after what is under way; asking twice is once. */
  flushSoon(): void {
    const flush = this.#flush;
    if (this.#scheduled || flush === undefined || this.#closed) return;
    this.#scheduled = true;
    this.serial
      .run(async () => {
        this.#scheduled = false;
        if (!this.#closed) await flush(this);
      })
      .catch((error: unknown) => {
        const code = error instanceof MeshError ? error.code : 'INTERNAL';
        this.ports.logger.error('flush.failed', {
          agent: this.agent.name,
          peer: this.peer,
          code,
          error: String(error),
        });
      });
  }

  /**
   * The link is up and full. For a moment arrivals may wait for room: sealed at once they cost half as much as stored now and sealed
   * later, and a caller that sends faster than the peer takes is held to its pace. False when the moment is over.
   */
  maySoonHaveRoom(): boolean {
    if (this.#moment !== undefined) return !this.#moment.isOver;
    const moment = { isOver: false };
    this.#moment = moment;
    const { clock, limits } = this.ports;
    void clock.sleep(limits.roomWaitMs).then(() => {
      moment.isOver = true;
      this.flushSoon();
    });
    return true;
  }

  /** The link takes frames. */
  noteRoom(): void {
    this.#moment = undefined;
  }

  /**
   * For receipts, which nobody waits for: a moment later, so that those of several frames, and `delivered` and `seen` of one message,
   * share a frame. Anything else that is sent meanwhile takes them along.
   */
  flushLater(): void {
    if (this.#scheduled || this.#delayed) return;
    this.#delayed = true;
    const { clock, limits } = this.ports;
    void clock.sleep(limits.receiptDelayMs).then(() => {
      this.#delayed = false;
      if (this.hasReceipts) this.flushSoon();
    });
  }

  /** After its sessions ended in the store: what was not confirmed waits there to be sealed anew. */
  forgetSessions(): void {
    this.courier.dropAll();
    this.session = undefined;
    this.openSessions.clear();
    this.hasStored = true;
    this.hasReceipts = true;
  }

  /** Waits for what is under way, then takes nothing more. */
  async close(): Promise<void> {
    await this.serial.idle();
    this.#closed = true;
    this.storing.stop();
    await this.courier.close();
    await this.deferred.flush().catch(() => undefined);
    for (const arrival of this.arrivals.takeAll()) arrival.committed.reject(new MeshError('SHUTTING_DOWN'));
  }
}
