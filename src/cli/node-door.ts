import type { Transport } from '#api';

/** What the room `node` offers to the command line beside the local API; loaded only by the verbs that need it. */
export interface NodeDoor {
  /** Throws ALREADY_INITIALIZED, NODE_RUNNING, INVALID_ARGUMENT, STORE_UNREADABLE. */
  initAgent(options: NewNodeAgent & { readonly force: boolean; readonly port?: number }): Promise<AgentFacts>;
  /** One more agent while no node runs. Throws NOT_INITIALIZED, NAME_TAKEN, PASSPHRASE_REQUIRED. */
  addAgent(options: NewNodeAgent): Promise<AgentFacts>;
  /** Resolves when the node has stopped: by the signal or by the API. Throws before `onReady` when it cannot start. */
  runNode(options: RunNodeOptions): Promise<void>;
  /** The same API in this process, read-only, over the files of a node that does not run. */
  openOffline(options: { readonly stateDir: string; readonly passphraseFile?: string }): Promise<OfflineNode>;
}

export interface OfflineNode {
  readonly transport: Transport;
  close(): Promise<void>;
}

export interface NewNodeAgent {
  readonly stateDir: string;
  readonly name: string;
  readonly displayName?: string;
  readonly endpoint?: string;
  readonly passphrase?: string;
}

/** The part of the API's AgentView that is known without a node. */
export interface AgentFacts {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly agentId: string;
  readonly fingerprint: string;
  readonly fingerprintFull: string;
  readonly endpoints: readonly string[];
}

export interface RunNodeOptions {
  readonly stateDir: string;
  readonly host?: string;
  readonly port?: number;
  readonly apiPort?: number;
  readonly endpoint?: string;
  readonly passphrase?: string;
  /** Speak for the agents again although a later life took their place. */
  readonly takeOver?: boolean;
  /** Log lines go to node.log in the folder; to stderr without it. */
  readonly logsToFile?: boolean;
  readonly signal: AbortSignal;
  onReady(info: NodeReady): void;
}

/** Where a node that has just started listens. */
export interface NodeReady {
  readonly listen: { readonly host: string; readonly port: number };
  readonly api: { readonly host: string; readonly port: number };
  readonly agents: readonly { readonly name: string; readonly agentId: string }[];
  readonly endpoints: readonly string[];
}
