import { setImmediate as turn } from 'node:timers/promises';
import { type ErrorCode, MeshError, systemRandom } from '#kernel';
import { type AgentId, agentIdOf, cardBytes, generateKeyPair } from '#identity';
import type { FrameOutcome, Link } from '#link';
import { decodeFrame, encodeFrame, formatHubAddress, type Frame } from '#protocol';
import type { AgentHost } from '../../src/node/agent-host.ts';

/** What becomes of a frame that is put into a mailbox: kept, kept twice, lost though it is said to be kept, or put before the others. */
export type Treatment = 'keep' | 'twice' | 'lose' | 'first';

/** Somebody who keeps frames for others, as honest as the test says. Agents get what is theirs one frame after another. */
export class PostOffice {
  readonly id = agentIdOf(generateKeyPair(systemRandom).publicKey);
  readonly address = formatHubAddress({ base: 'http://hub.test', hub: this.id });
  /** Every frame that was put in, in order. */
  readonly seen: Frame[] = [];
  treat: (frame: Frame) => Treatment = () => 'keep';
  /** What is kept instead of the bytes of a frame. */
  change: ((bytes: Uint8Array) => Uint8Array) | undefined;
  /** Refuses what would be put in. */
  refuse: ((frame: Frame) => Extract<FrameOutcome, { kind: 'refused' }> | undefined) | undefined;
  readonly #boxes = new Map<AgentId, Uint8Array[]>();
  readonly #open = new Map<AgentId, AgentHost>();
  readonly #known = new Map<AgentId, AgentHost>();
  readonly #links = new Set<MailLink>();
  readonly #busy = new Set<AgentId>();
  #isGone = false;

  /** The agent writes to others through here. */
  serve(host: AgentHost): void {
    host.hubs.mailboxLink = async (_address, agent) => this.dial(host, agent);
  }

  /** The agent is there and takes what is kept for it. */
  open(host: AgentHost): void {
    const { agentId } = host.agent;
    this.#open.set(agentId, host);
    this.#known.set(agentId, host);
    void this.#handOut(agentId);
  }

  leave(host: AgentHost): void {
    this.#open.delete(host.agent.agentId);
    for (const link of this.#links) if (link.local === host.agent.agentId) link.close('LINK_CLOSED');
  }

  /** Nobody reaches it any more, until it comes back. */
  vanish(): void {
    this.#isGone = true;
    for (const link of this.#links) link.close('LINK_CLOSED');
  }

  comeBack(): void {
    this.#isGone = false;
    for (const agentId of this.#open.keys()) void this.#handOut(agentId);
  }

  /** How many frames wait for the agent. */
  waiting(agentId: AgentId): number {
    return this.#boxes.get(agentId)?.length ?? 0;
  }

  /** Puts bytes of before into the mailbox once more. */
  replay(frame: Frame): void {
    this.put(frame.to, encodeFrame(frame));
  }

  dial(host: AgentHost, to: AgentId): Link {
    if (this.#isGone) throw new MeshError('UNREACHABLE', 'The post office is gone');
    const link = new MailLink({ local: host.agent.agentId, remote: to, office: this });
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
    return link;
  }

  cardOf = (agentId: AgentId): Uint8Array => {
    const host = this.#known.get(agentId);
    if (host === undefined) throw new MeshError('UNKNOWN_AGENT');
    return cardBytes(host.agent.card());
  };

  keyPackageOf(agentId: AgentId, link: Link): Promise<Uint8Array> {
    const host = this.#open.get(agentId);
    if (host === undefined) throw new MeshError('NO_KEY_PACKAGE');
    return host.keyPackageFor({ ...link, local: agentId, remote: { agentId: link.local, rotations: [] } });
  }

  take(frame: Frame): FrameOutcome {
    const refusal = this.refuse?.(frame);
    if (refusal !== undefined) return refusal;
    this.seen.push(frame);
    const treatment = this.treat(frame);
    const bytes = this.change?.(encodeFrame(frame)) ?? encodeFrame(frame);
    if (treatment !== 'lose') this.put(frame.to, bytes, treatment === 'first');
    if (treatment === 'twice') this.put(frame.to, bytes);
    return { kind: 'stored', receipt: new Uint8Array(1) };
  }

  /** Whoever keeps mail can put in what it wants. */
  put(to: AgentId, bytes: Uint8Array, first = false): void {
    const box = this.#boxes.get(to) ?? [];
    this.#boxes.set(to, box);
    if (first) box.unshift(bytes);
    else box.push(bytes);
    void this.#handOut(to);
  }

  async #handOut(agentId: AgentId): Promise<void> {
    if (this.#busy.has(agentId)) return;
    this.#busy.add(agentId);
    try {
      for (;;) {
        await turn();
        const host = this.#open.get(agentId);
        const bytes = this.#boxes.get(agentId)?.[0];
        if (this.#isGone || host === undefined || bytes === undefined) return;
        await this.#give(host, bytes);
      }
    } finally {
      this.#busy.delete(agentId);
    }
  }

  async #give(host: AgentHost, bytes: Uint8Array): Promise<void> {
    const { agentId } = host.agent;
    const gone = new Promise<'gone'>((resolve) => {
      const look = (): void => (this.#open.get(agentId) === host ? void setImmediate(look) : resolve('gone'));
      look();
    });
    const taken = takeFrom(host, bytes).then(
      () => 'taken',
      () => 'again',
    );
    // Whoever crashed meanwhile gets it once more.
    if ((await Promise.race([taken, gone])) !== 'taken') return;
    const box = this.#boxes.get(agentId);
    const index = box?.indexOf(bytes) ?? -1;
    if (index >= 0) box?.splice(index, 1);
  }
}

async function takeFrom(host: AgentHost, bytes: Uint8Array): Promise<void> {
  let frame: Frame;
  try {
    frame = decodeFrame(bytes);
  } catch {
    return;
  }
  await host.mail.take(frame);
}

interface MailLinkOptions {
  readonly local: AgentId;
  readonly remote: AgentId;
  readonly office: PostOffice;
}

class MailLink implements Link {
  readonly local: AgentId;
  readonly remote: Link['remote'];
  readonly keeper: AgentId;
  readonly route = 'hub http://hub.test';
  readonly version = 3;
  readonly #office: PostOffice;
  readonly #end = Promise.withResolvers<MeshError | undefined>();
  readonly closed = this.#end.promise;
  #isClosed = false;

  constructor({ local, remote, office }: MailLinkOptions) {
    this.local = local;
    this.remote = { agentId: remote, rotations: [] };
    this.keeper = office.id;
    this.#office = office;
  }

  async sendFrame(frame: Frame, options: { readonly onWritten?: () => void } = {}): Promise<FrameOutcome> {
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    options.onWritten?.();
    const outcome = this.#office.take(frame);
    await turn();
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    return outcome;
  }

  close(reason?: ErrorCode | MeshError): void {
    this.#isClosed = true;
    this.#end.resolve(typeof reason === 'string' ? new MeshError(reason) : reason);
  }

  grant(): void {}
  getCard = async (): Promise<Uint8Array> => this.#office.cardOf(this.remote.agentId);
  takeKeyPackage = async (): Promise<Uint8Array> => this.#office.keyPackageOf(this.remote.agentId, this);
  getBlob = (): Promise<void> => Promise.reject(new MeshError('NOT_FOUND'));
  ask = (): Promise<never> => Promise.reject(new MeshError('NOT_FOUND'));
  ack(): void {}
  ping = (): Promise<number> => Promise.resolve(1);
}
