import type { HubAdmin } from '#hub';
import type { OpenRelay } from '#node';

/** A hub on this machine; loaded only by the verbs that need it. */
export interface HubDoor {
  /** Resolves when the hub has stopped by the signal. Throws before `onReady` when it cannot start, and later when its disk failed. */
  runHub(options: RunHubOptions): Promise<void>;
  /** The admin API of the running hub, or the same over the files of one that does not run. Throws NOT_FOUND. */
  openHubAdmin(stateDir: string): Promise<OpenHubAdmin>;
  /** What a node needs to be a relay. */
  readonly openRelay: OpenRelay;
}

export interface RunHubOptions {
  readonly stateDir: string;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly admission?: 'open' | 'invite' | 'allowlist' | undefined;
  /** `sqlite`, or NATS servers separated by commas. */
  readonly store?: string | undefined;
  /** Log lines go to hub.log in the folder; to stderr without it. */
  readonly logsToFile: boolean;
  readonly signal: AbortSignal;
  onReady(info: HubReady): void;
}

export interface HubReady {
  readonly name: string;
  readonly agentId: string;
  /** Of the key, for people to compare. */
  readonly fingerprint: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly url: string;
  readonly admission: 'open' | 'invite' | 'allowlist';
  readonly guests: boolean;
  /** URL for the cards of members. */
  readonly mailbox: string;
  readonly stateDir: string;
}

export interface OpenHubAdmin {
  readonly admin: HubAdmin;
  close(): Promise<void>;
}
