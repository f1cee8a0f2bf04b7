import { type ErrorCode, MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { type Frame, type FrameId, isInLine, verifyHubReceipt } from '#protocol';
import type { BlobAsk, FrameOutcome, Link, LinkPeer } from './link.ts';

export interface MailboxLinkOptions {
  /** To the hub that keeps the mailbox. */
  readonly hub: Link;
  readonly agent: AgentId;
  /** For people: `hub http://…` */
  readonly route: string;
}

/**
 * The way to an agent through a hub that keeps frames for it (spec §13). All of them share the link to the hub, which stays open when one
 * of them ends. `stored` means that the hub's receipt holds; what the agent says of a frame does not come here.
 */
export class MailboxLink implements Link {
  readonly local: AgentId;
  readonly remote: LinkPeer;
  readonly keeper: AgentId;
  readonly route: string;
  readonly version: number;
  readonly closed: Promise<MeshError | undefined>;
  readonly #hub: Link;
  readonly #end = Promise.withResolvers<MeshError | undefined>();
  #isClosed = false;
  /** The frame that the hub wants to see before others in line (spec §12.4). */
  #awaited: FrameId | undefined;

  constructor({ hub, agent, route }: MailboxLinkOptions) {
    this.#hub = hub;
    this.local = hub.local;
    this.remote = { agentId: agent, rotations: [] };
    this.keeper = hub.remote.agentId;
    this.route = route;
    this.version = hub.version;
    this.closed = this.#end.promise;
    void hub.closed.then((error) => this.#finish(error ?? new MeshError('LINK_CLOSED')));
  }

  /** Rejects with MALFORMED or SIGNATURE_INVALID when the hub has no receipt to show for it. */
  async sendFrame(frame: Frame, options: { readonly onWritten?: () => void } = {}): Promise<FrameOutcome> {
    const inLine = isInLine(frame.kind);
    // It will not come any more: only a new link to the hub begins anew.
    if (inLine && this.#awaited !== undefined && this.#awaited !== frame.id) this.close();
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    if (inLine) this.#awaited = undefined;
    const outcome = await this.#hub.sendFrame(frame, options);
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    if (inLine && outcome.kind === 'refused' && outcome.retryAfterMs !== undefined) this.#awaited ??= frame.id;
    if (outcome.kind === 'stored') {
      verifyHubReceipt(outcome.receipt, { hub: this.keeper, frameId: frame.id, to: frame.to });
    }
    return outcome;
  }

  async getCard(): Promise<Uint8Array> {
    return (await this.#hub.ask({ op: 'card.get', agent: this.remote.agentId })).card;
  }

  async takeKeyPackage(): Promise<Uint8Array> {
    return (await this.#hub.ask({ op: 'keypackage.take', agent: this.remote.agentId })).bytes;
  }

  /** What was put there for us, by the agent or by somebody else: who keeps it cannot read it, and is not believed. */
  async getBlob(ask: BlobAsk, onPiece: (bytes: Uint8Array) => void): Promise<void> {
    if (this.#isClosed) throw new MeshError('LINK_CLOSED');
    await this.#hub.getBlob(ask, onPiece);
  }

  ask(): Promise<never> {
    return Promise.reject(new MeshError('NOT_FOUND'));
  }

  ack(): void {}

  ping(): Promise<number> {
    return this.#hub.ping();
  }

  grant(): void {}

  /** The link to the hub goes on, unless it is of no more use for this agent. */
  close(reason?: ErrorCode | MeshError): void {
    if (this.#awaited !== undefined) this.#hub.close();
    this.#finish(typeof reason === 'string' ? new MeshError(reason) : reason);
  }

  #finish(error: MeshError | undefined): void {
    this.#isClosed = true;
    this.#end.resolve(error);
  }
}
