import { backoffMs, type Clock, codeOf, type Limits, type Logger, MeshError, nextTurn, type Random } from '#kernel';
import type { AgentId } from '#identity';
import type { InboxMessage } from '#delivery';
import { completeMessages, failMessage, type Handled, type Lane, leaseMessages, type LocalAgent, type PipelinePorts } from '#pipeline';
import { decodeMessage, type Message } from '#protocol';
import type { Answer, Runtime } from '#runtime';

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
  readonly #options: InboxRunnerPorts;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #asked = Promise.withResolvers<void>();
  #done: Promise<void> | undefined;
  /** Done, but not committed yet. */
  readonly #handled: Handled[] = [];

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

  get #random(): Random {
    return this.#options.ports.random;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#asked = Promise.withResolvers<void>();
      try {
        const leased = this.#options.runtime.types.length === 0 ? [] : await this.#lease();
        if (leased.length > 0) await this.#handleAll(leased);
        else await this.#pause();
      } catch (error) {
        this.#logger.error('runner.failed', { agent: this.#options.agent.name, code: codeOf(error), error: String(error) });
        await this.#sleep(retryPace.firstMs);
      }
    }
  }

  #lease(): Promise<readonly InboxMessage[]> {
    const { agent, ports, runtime, laneOf } = this.#options;
    const limit = runtime.concurrency > 1 ? runtime.concurrency : this.#limits.leaseBatch;
    const handled = this.#handled.splice(0);
    return leaseMessages({ agent, ports, types: runtime.types, limit, handled }).then((leased) => {
      for (const peer of new Set(leased.map(({ sender }) => sender))) {
        const lane = laneOf(peer);
        lane.hasReceipts = true;
        lane.flushLater();
      }
      return leased;
    });
  }

  /** In order, one after another, unless the runtime takes several at once. Completions are committed while the next one runs. */
  async #handleAll(leased: readonly InboxMessage[]): Promise<void> {
    const commits: Promise<unknown>[] = [];
    if (this.#options.runtime.concurrency > 1) {
      await Promise.all(leased.map((message) => this.#handle(message, commits)));
    } else {
      for (const message of leased) await this.#handle(message, commits);
    }
    await Promise.all(commits);
  }

  async #handle(row: InboxMessage, commits: Promise<unknown>[]): Promise<void> {
    const { runtime, laneOf, nameOf, agent } = this.#options;
    const lane = laneOf(row.sender);
    if (this.#stop.signal.aborted) {
      commits.push(this.#fail(lane, row, { error: 'The node stopped before the handler began', again: 0 }));
      return;
    }
    const message: Message = { ...decodeMessage(row.body), from: row.sender, to: agent.agentId };
    const inbound = { message, senderName: nameOf(row.sender), attempt: row.attempts };
    try {
      const answer = await runtime.handle(inbound, { signal: this.#kill.signal });
      this.#handled.push({ lane, message, answer: answer === undefined ? undefined : draftOf(answer) });
      // A fast program is done with many before the next turn: they share a transaction, with the next lease if that comes first.
      if (this.#handled.length === 1) void this.#completeSoon();
    } catch (error) {
      const again = backoffMs(retryPace, row.attempts, this.#random);
      commits.push(this.#fail(lane, row, { error: describe(error), again }));
    }
  }

  async #completeSoon(): Promise<void> {
    await nextTurn();
    await this.#complete();
  }

  /** When it cannot be stored, the messages stay leased, and are offered again after a restart. */
  async #complete(): Promise<void> {
    const handled = this.#handled.splice(0);
    try {
      await completeMessages(handled);
    } catch (error) {
      this.#handled.unshift(...handled);
      this.#logger.error('completion.not-stored', { agent: this.#options.agent.name, code: codeOf(error) });
    }
  }

  async #fail(lane: Lane, message: InboxMessage, why: { error: string; again: number }): Promise<void> {
    const notBefore = this.#clock.now() + why.again;
    const dead = await failMessage({ lane, message, error: why.error, notBefore });
    const { name } = this.#options.agent;
    const fields = { agent: name, message: message.id, attempt: message.attempts };
    this.#logger.warn(dead ? 'handler.gave-up' : 'handler.failed', fields);
  }

  /** Until something arrives or a failed message is due again. */
  async #pause(): Promise<void> {
    const { ports, agent, runtime } = this.#options;
    const next = runtime.types.length === 0 ? undefined : ports.store.read.inbox.nextOffer(agent.name);
    const waitMs = next === undefined ? undefined : Math.max(0, next - this.#clock.now());
    // A message that waits for its tier or its budget is looked at again once a minute.
    if (waitMs === undefined) await this.#asked.promise;
    else await Promise.race([this.#asked.promise, this.#sleep(waitMs === 0 ? 60_000 : waitMs)]);
  }

  async #sleep(ms: number): Promise<void> {
    const wake = new AbortController();
    const signal = AbortSignal.any([wake.signal, this.#stop.signal]);
    await Promise.race([this.#asked.promise, this.#clock.sleep(ms, { signal }).catch(() => undefined)]);
    wake.abort();
  }
}

function draftOf(answer: Answer) {
  const { body, subject, metadata } = answer;
  return { body, subject, metadata };
}

/** The handler's error as the owner of the agent may see it. */
function describe(error: unknown): string {
  if (!(error instanceof MeshError)) return String(error);
  const { detail } = error.data;
  return typeof detail === 'string' && detail !== '' ? `${error.code}: ${error.message}\n${detail}` : `${error.code}: ${error.message}`;
}
