import type { Logger } from '#kernel';
import type { AgentHub } from './agent-hub.ts';

export interface AgentSettings {
  /** Keeps its mailbox and finds others for it; it needs no address of its own then. */
  readonly hub?: AgentHub;
  /** Keys, contacts, queues. Without it, and without `keypairPath`, nothing of the agent outlives `close`. One process at a time. */
  readonly stateDir?: string;
  /** The key file, made when it is not there. Everything else lies beside it, in the folder `KEYPAIR.state`, or in `stateDir`. */
  readonly keypairPath?: string;
  readonly displayName?: string;
  /** Where to listen, when others are to call it directly: 127.0.0.1 and a free port when one of the two is absent. */
  readonly host?: string;
  readonly port?: number;
  /** How others reach it, when that is not where it listens. */
  readonly endpoint?: string;
  readonly passphrase?: string;
  /** Also serve the local API, so that the `mesh` command works on this agent. */
  readonly apiPort?: number;
  readonly logger?: Logger;
  /** Instead of a logger: lines on stderr from this level on. Nothing is logged without either. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error';
}

/** For `Agent.open`: it listens, and without a folder it has the one that the `mesh` command uses. */
export interface AgentOptions extends AgentSettings {
  /** Chosen once; the folder keeps it. `[a-z0-9][a-z0-9._-]{0,62}` */
  readonly name: string;
}
