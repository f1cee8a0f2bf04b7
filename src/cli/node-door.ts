import type { Output, Transport } from '#api';
import type {
  ConnectedAgent,
  OpenclawRemoval,
  OpenclawSetup,
  OpenRelay,
  RoundTrip,
  SetupOptions,
  StrangerOptions,
} from '#node';

/** What the room `node` offers to the command line beside the local API; loaded only by the verbs that need it. */
export interface NodeDoor {
  /** Throws ALREADY_INITIALIZED, NODE_RUNNING, INVALID_ARGUMENT, STORE_UNREADABLE. */
  initAgent(options: NewNodeAgent & { readonly force: boolean; readonly port?: number }): Promise<AgentFacts>;
  /** One more agent while no node runs. Throws NOT_INITIALIZED, NAME_TAKEN, PASSPHRASE_REQUIRED. */
  addAgent(options: NewNodeAgent): Promise<AgentFacts>;
  /** Resolves when the node has stopped: by the signal or by the API. Throws before `onReady` when it cannot start. */
  runNode(options: RunNodeOptions): Promise<void>;
  /** One encrypted file of a state folder, beside a running node or without one. Throws FILE_EXISTS, NOT_INITIALIZED. */
  makeBackup(options: BackupOptions): Promise<BackupMade>;
  /** Proves a backup file and says what is in it. Throws PASSPHRASE_WRONG, BACKUP_DAMAGED. */
  checkBackup(options: { readonly file: string; readonly passphrase: string }): Promise<BackupContents>;
  /** A state folder from a backup. Throws FOLDER_NOT_EMPTY, NODE_RUNNING, and what `checkBackup` throws. */
  restoreBackup(options: RestoreOptions): Promise<RestoreDone>;
  /** Which agents were connected with an OpenClaw gateway by a setup. */
  openclawSetups(options: Pick<SetupOptions, 'stateDir'>): Promise<readonly ConnectedAgent[]>;
  /** What connecting the OpenClaw gateway of this machine would write; changes nothing before `apply`. */
  planOpenclawSetup(options: SetupOptions): Promise<OpenclawSetup>;
  /** Lets an agent that is made up for it accept the invite and ask. */
  askAsStranger(options: StrangerOptions): Promise<RoundTrip>;
  /** What undoing that would do; changes nothing before `apply`. Throws NOT_FOUND, AMBIGUOUS. */
  planOpenclawRemoval(options: Pick<SetupOptions, 'stateDir' | 'agent'>): Promise<OpenclawRemoval>;
  /** What is wrong with a node, as far as its folder and machine tell; changes nothing. */
  examineFolder(options: { readonly stateDir: string; readonly running: boolean }): Promise<readonly Finding[]>;
  /** The same API in this process, read-only, over the files of a node that does not run. */
  openOffline(options: { readonly stateDir: string; readonly passphraseFile?: string }): Promise<OfflineNode>;
}

export interface Finding {
  readonly check: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly message: string;
  readonly meaning: string;
  readonly fix: string;
}

export interface BackupOptions {
  readonly stateDir: string;
  readonly file: string;
  readonly passphrase: string;
  /** Replaces a file that is there. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
  onProgress?(done: { readonly bytes: number; readonly total: number }): void;
}

/** What mesh.toml names and a backup does not hold. */
export interface LeftOut {
  readonly what: string;
  readonly path: string;
}

interface NamedAgent {
  readonly name: string;
  readonly agentId: string;
}

export interface BackupMade {
  readonly file: string;
  readonly bytes: number;
  readonly createdAt: number;
  readonly agents: readonly NamedAgent[];
  readonly files: readonly string[];
  readonly online: boolean;
  readonly leftOut: readonly LeftOut[];
}

export interface BackupContents {
  readonly createdAt: number;
  readonly software: string;
  readonly agents: readonly NamedAgent[];
  readonly files: readonly { readonly name: string; readonly size: number }[];
}

export interface RestoreOptions {
  readonly file: string;
  readonly passphrase: string;
  readonly stateDir: string;
  /** Sets aside what is in the folder. */
  readonly force: boolean;
  readonly signal?: AbortSignal;
}

export interface RestoredAgent extends NamedAgent {
  readonly fingerprint: string;
  readonly contacts: number;
  /** Messages that are sent again. */
  readonly waiting: number;
  /** Messages that the agent's program gets again. */
  readonly unhandled: number;
  /** Open invites that were ended. */
  readonly invites: number;
}

export interface RestoreDone {
  readonly stateDir: string;
  readonly createdAt: number;
  readonly software: string;
  readonly agents: readonly RestoredAgent[];
  readonly endpoints: readonly string[];
  readonly missing: readonly LeftOut[];
  readonly setAside?: string;
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
  /** Others on the local network find this node. */
  readonly lan?: boolean;
  /** It keeps mailboxes for those whom its agents trust. */
  readonly relay?: boolean;
  /** How it gets to do so; a node knows no hubs. */
  readonly openRelay: OpenRelay;
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
  /** Absent when the node keeps away from the local network. */
  readonly lan?: NonNullable<Output<'status'>['lan']> | undefined;
  /** Present when it keeps mailboxes for those whom its agents trust. */
  readonly relay?: boolean | undefined;
}
