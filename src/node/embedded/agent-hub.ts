import type { Card } from '#identity';
import type { Connection } from '#link';
import type { HubAddress } from '#protocol';

/** A hub that an agent is to use, as far as it is known before the agent speaks to it. */
export interface HubPlace {
  readonly address: HubAddress;
  readonly name: string;
  /** Secret of an invite of that hub. */
  readonly invite?: Uint8Array;
}

/** An `Agent`, as far as its hub needs it. */
export interface AgentAtHub {
  readonly name: string;
  readonly publicBundle: Card;
  ready(): Promise<void>;
  connectWithBundle(bundle: Card): Promise<void>;
}

/** What `new Agent(name, { hub })` takes: `LocalHub`, `NetworkHub`. */
export interface AgentHub {
  /**
   * Where the hub is and which key it has. `known` is asked for what the agent already joined at an address: that key stays, so nobody can
   * put another hub there. Rejects with UNREACHABLE, NOT_FOUND, INVITE_*.
   */
  locate(known: (base: string) => HubPlace | undefined): Promise<HubPlace>;
  /** A way to it that is no socket; undefined for other hubs. */
  connect?(address: HubAddress): Promise<Connection | undefined>;
  /** Called by every agent that is made with this hub. */
  register?(agent: AgentAtHub): void;
  unregister?(agent: AgentAtHub): void;
  /** Resolves when those that were made so far are there, or could not come. */
  settled?(): Promise<void>;
  /** The line of code by which two agents come to trust each other here. */
  howToTrust(one: string, other: string): string;
}
