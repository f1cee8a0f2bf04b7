import { backoffMs, type Clock, codeOf, type Limits, type Logger, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { nothingOvertaken } from '#delivery';
import {
  completeMessages,
  type Failed,
  failMessage,
  fitAnswer,
  type Handled,
  type Lane,
  type Leased,
  leaseMessages,
  type LentTurns,
  type LocalAgent,
  nextLeaseAt,
  type OfferedMessage,
  type PipelinePorts,
  type Turns,
} from '#pipeline';
import type { Message } from '#protocol';
import type { Runtime } from '#runtime';
import { AtWork } from './at-work.ts';
import { awayMs, describe, stopsBefore } from './handler-failure.ts';
import { knownBeside } from './known-beside.ts';

export interface InboxRunnerPorts {
  readonly agent: LocalAgent;
  readonly ports: PipelinePorts;
  readonly runtime: Runtime;
  laneOf(peer: AgentId): Lane;
  nameOf(peer: AgentId): string;
}

const retryPace = { firstMs: 1000, maxMs: 60_000 };

/** Offers inbox messages to the agent's program, in order, as many at once as the runtime takes. */
export class InboxRunner {
  readonly atWork = new AtWork();
  readonly #options: InboxRunnerPorts;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #asked = Promise.withResolvers<void>();
  #done: Promise<void> | undefined;
  /** Done, but not committed yet. */
  readonly #handled: Handled[] = [];
  /** Failed, and that could not be committed. */
  readonly #failed: Failed[] = [];
  #overtaken = nothingOvertaken;
  /** Of a runtime that takes several at once: what is with it. */
  readonly #busy = new Set<Promise<unknown>>();
  /** Waits for work. */
  #idle = false;
  /** What somebody else leases to it: nothing else is leased meanwhile, so that the order stays. */
  #lent: Promise<Leased> | undefined;

  constructor(options: InboxRunnerPorts) {
    this.#options = options;
  }

  start(): void {
    this.#done ??= this.#loop();
  }

  /** Something new is in the inbox. */
  wake(): void {
    this.#asked.resolve();
  }

  /** While it waits for work: whoever stores messages may lease them to the program in the same transaction. */
  lend(): LentTurns | undefined {
    if (!this.#idle || this.#lent !== undefined || this.#stop.signal.aborted) return undefined;
    const lent = Promise.withResolvers<Leased>();
    this.#lent = lent.promise;
    return {
      ...this.#turns,
      giveBack: (leased) => {
        lent.resolve(leased);
        this.wake();
      },
    };
  }

  /** Takes nothing new; waits up to `graceMs` for what is being handled, then aborts it. */
  async stop(graceMs: number): Promise<void> {
    this.#stop.abort();
    this.wake();
    if (this.#done === undefined) return;
    const grace = new AbortController();
    const late = this.#clock.sleep(graceMs, { signal: grace.signal }).then(
      () => this.#kill.abort(),
      () => undefined,
    );
    await this.#done;
    grace.abort();
    await late;
  }

  get #clock(): Clock {
    return this.#options.ports.clock;
  }

  get #limits(): Limits {
    return this.#options.ports.limits;
  }

  get #logger(): Logger {
    return this.#options.ports.logger;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#asked = Promise.withResolvers<void>();
      try {
        for (const failed of this.#failed.splice(0)) await this.#fail(failed);
        if (this.#failed.length > 0) throw new MeshError('STORE_FULL', 'That handlers failed cannot be stored');
        const leased = await this.#next();
        if (leased.length > 0) await this.#handleAll(leased);
        else await this.#pause();
      } catch (error) {
        this.#logger.error('runner.failed', {
          agent: this.#options.agent.name,
          code: codeOf(error),
          error: String(error),
        });
        await this.#rest(retryPace.firstMs);
      }
    }
    if (this.#lent !== undefined) await this.#handleAll(await this.#takeLent(this.#lent));
    await Promise.all(this.#busy);
    await this.#complete();
  }

  async #next(): Promise<readonly OfferedMessage[]> {
    if (this.#lent !== undefined) {
      const leased = await this.#takeLent(this.#lent);
      if (leased.length > 0) return leased;
    }
    return this.#takesMore ? this.#lease() : [];
  }

  async #takeLent(lent: Promise<Leased>): Promise<readonly OfferedMessage[]> {
    const leased = await lent;
    this.#lent = undefined;
    return this.#told(leased);
  }

  get #turns(): Turns {
    return { types: this.#options.runtime.types, limit: this.#room, overtaken: this.#overtaken };
  }

  /** For how many messages. */
  get #room(): number {
    const { concurrency } = this.#options.runtime;
    return concurrency > 1 ? Math.max(0, concurrency - this.#busy.size) : this.#limits.leaseBatch;
  }

  get #takesMore(): boolean {
    return this.#options.runtime.types.length > 0 && this.#room > 0;
  }

  /** The senders hear soon that their messages were seen. */
  #told({ messages, told, buried = [], overtaken }: Leased): readonly OfferedMessage[] {
    this.#overtaken = overtaken ?? this.#overtaken;
    const { agent, ports } = this.#options;
    for (const { message, reason } of buried) {
      ports.emit({ type: 'buried', agent: agent.name, peer: message.sender, ids: [message.id], reason });
    }
    for (const peer of told) {
      const lane = this.#options.laneOf(peer);
      lane.hasReceipts = true;
      lane.flushLater();
    }
    return messages;
  }

  async #lease(): Promise<readonly OfferedMessage[]> {
    const handled = this.#handled.splice(0);
    try {
      return this.#told(await leaseMessages({ ...this.#options, ...this.#turns }, handled));
    } catch (error) {
      this.#handled.unshift(...handled);
      throw error;
    }
  }

  /**
   * In order, one after another, unless the runtime takes several at once: then it is done when they have begun, and a slow one keeps
   * nobody waiting while there is room beside it. Completions are committed while the next one runs.
   */
  async #handleAll(leased: readonly OfferedMessage[]): Promise<void> {
    if (this.#options.runtime.concurrency > 1) {
      for (const message of leased) this.#begin(message);
      return;
    }
    const commits: Promise<unknown>[] = [];
    for (const message of leased) await this.#handle(message, commits);
    await Promise.all(commits);
  }

  #begin(message: OfferedMessage): void {
    const commits: Promise<unknown>[] = [];
    const work = this.#handle(message, commits).then(() => Promise.all(commits));
    const over = (): void => {
      this.#busy.delete(work);
      this.wake();
    };
    this.#busy.add(work);
    work.then(over, over);
  }

  async #handle(row: OfferedMessage, commits: Promise<unknown>[]): Promise<void> {
    const { runtime, laneOf, nameOf, agent, ports } = this.#options;
    const lane = laneOf(row.sender);
    const stop = stopsBefore(this.#stop.signal, ports.pauses.of(agent.name));
    if (stop !== undefined) {
      commits.push(this.#fail({ lane, message: row, ...stop, notBefore: 0, stopped: true }));
      return;
    }
    // The sender may be called by another id since the lease.
    const message: Message = { ...ports.recent.take(row), from: lane.peer, to: agent.agentId };
    const inbound = {
      message,
      senderName: nameOf(lane.peer),
      attempt: row.attempts,
      ...knownBeside(row, message, nameOf),
    };
    try {
      const answer = await this.atWork.during(row, message, () =>
        runtime.handle(inbound, { signal: this.#kill.signal }),
      );
      const said = answer && { answer: fitAnswer(lane, message, answer), usage: answer.usage };
      const done = { lane, message, seq: row.seq, answer: undefined, ...said };
      this.#handled.push(done);
      // A fast program is done with many before the next turn: they share a transaction, with the next lease if that comes first.
      if (this.#handled.length === 1) void this.#completeSoon();
    } catch (error) {
      const away = awayMs[codeOf(error)];
      const stopped = this.#kill.signal.aborted || away !== undefined;
      const pause = away ?? backoffMs(retryPace, row.attempts, ports.random);
      const notBefore = this.#kill.signal.aborted ? 0 : this.#clock.now() + pause;
      const reason = codeOf(error) === 'HANDLER_TIMEOUT' ? 'HANDLER_TIMEOUT' : 'HANDLER_FAILED';
      commits.push(this.#fail({ lane, message: row, error: describe(error), reason, notBefore, stopped }));
    }
  }

  async #completeSoon(): Promise<void> {
    await this.#clock.turn();
    await this.#complete();
  }

  /** What cannot be stored is stored with the next lease; the handler is not asked again, unless the process ends before. */
  async #complete(): Promise<void> {
    const handled = this.#handled.splice(0);
    try {
      await completeMessages(handled);
    } catch (error) {
      this.#handled.unshift(...handled);
      this.#logger.error('completion.not-stored', { agent: this.#options.agent.name, code: codeOf(error) });
      this.wake();
    }
  }

  /** Never rejects: other handlers are at work meanwhile. */
  async #fail(failed: Failed): Promise<void> {
    const { id, attempts } = failed.message;
    const fields = { agent: this.#options.agent.name, message: id, attempt: attempts };
    try {
      const dead = await failMessage(failed);
      const level = failed.stopped ? 'debug' : 'warn';
      this.#logger[level](dead ? 'handler.gave-up' : 'handler.failed', fields);
    } catch (error) {
      this.#failed.push(failed);
      this.#logger.error('failure.not-stored', { ...fields, code: codeOf(error) });
      this.wake();
    }
  }

  /** Until something arrives, one is due again, or turns may be free again. */
  async #pause(): Promise<void> {
    const { ports, agent, runtime } = this.#options;
    const next = this.#takesMore ? nextLeaseAt({ agent, ports, types: runtime.types }) : undefined;
    this.#idle = this.#takesMore;
    if (next === undefined) await this.#asked.promise;
    else await this.#sleep(Math.max(1, next - this.#clock.now()));
    this.#idle = false;
  }

  /** Whatever happens meanwhile: what cannot be stored now cannot be stored at once again. */
  async #rest(ms: number): Promise<void> {
    await this.#clock.sleep(ms, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #sleep(ms: number): Promise<void> {
    const wake = new AbortController();
    const signal = AbortSignal.any([wake.signal, this.#stop.signal]);
    await Promise.race([this.#asked.promise, this.#clock.sleep(ms, { signal }).catch(() => undefined)]);
    wake.abort();
  }
}
