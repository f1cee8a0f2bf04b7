import type { Clock, Limits, Logger, MeshError, Random } from '#kernel';
import type { AgentId } from '#identity';
import type { LinkHandler, LinkSelf } from '#link';

/** What keeps mailboxes inside a node for those whom its agents trust (spec §13.8): a hub without a listener of its own. */
export interface NodeRelay {
  /** Its own key: links to it come to the node's listener. */
  readonly self: LinkSelf;
  readonly handler: LinkHandler;
  start(): Promise<void>;
  /** Takes no more, ends its links and closes its store. */
  stop(): Promise<void>;
  /** The agent is trusted by nobody here any more: what is kept for it is dropped. */
  forget(agentId: AgentId): Promise<void>;
  totals(): Promise<RelayTotals>;
}

export interface RelayTotals {
  /** For how many agents it keeps mailboxes. */
  readonly agents: number;
  /** Frames that wait, and their bytes. */
  readonly frames: number;
  readonly bytes: number;
}

export interface OpenRelayOptions {
  /** Where it keeps everything; made when it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Some agent of the node trusts it. */
  isFriend(agentId: AgentId): boolean;
  /** The disk failed: it takes nothing more. */
  onBroken(error: MeshError): void;
}

/** Made where hubs are known: a node loads none before it is told to be a relay. */
export type OpenRelay = (options: OpenRelayOptions) => Promise<NodeRelay>;
