import type { Limits } from '#kernel';
import type { GuardPolicy } from '#pipeline';
import type { MessageType } from '#protocol';
import type { Budget } from '#trust';

/** How messages reach one agent, as mesh.toml says it. Times in seconds. */
export interface RuntimeConfig {
  readonly runtime: 'inbox' | 'command' | 'webhook' | 'openclaw';
  readonly command?: readonly string[];
  readonly cwd?: string;
  readonly url?: string;
  /** A file, so that the secret does not stand in the configuration. */
  readonly secretFile?: string;
  /** Holds the token of the OpenClaw gateway. */
  readonly tokenFile?: string;
  /** How turns get to the OpenClaw gateway: over its WebSocket, or by its HTTP hooks. */
  readonly transport?: 'ws' | 'hooks';
  /** Path of the hook: `/hooks/agent`, or that of a mapping. */
  readonly hook?: string;
  /** Holds the token of the hooks. */
  readonly hookTokenFile?: string;
  /** The `sessionKey` of a mapping that keeps its session. */
  readonly hookSession?: string;
  readonly sessionMode?: 'persistent' | 'isolated';
  /** Which agent of the OpenClaw gateway; `main` without it. */
  readonly gatewayAgent?: string;
  readonly timeoutSeconds?: number;
  readonly concurrency?: number;
  readonly types?: readonly MessageType[];
  /** False: a message is handed over at once, also while its files are on their way. */
  readonly waitForFiles?: boolean;
  /** What its messages may cause that nothing caused, and those that come without a budget. */
  readonly rootTurns?: number;
  readonly rootHops?: number;
  readonly capabilities?: readonly {
    readonly id: string;
    readonly description: string;
    readonly tags: readonly string[];
  }[];
}

/** How much of the disk files may take, in MB; what is not said is as in `defaultLimits`. */
export interface FileSettings {
  readonly maxMbPerPeer?: number;
  readonly maxMb?: number;
  readonly keepFreeMb?: number;
}

/** How much programs may do in an hour by themselves; what is not said is as in `defaultLimits`. */
export interface RateSettings {
  readonly trustedTurnsPerHour?: number;
  readonly conversationTurnsPerHour?: number;
  readonly programRootsPerHour?: number;
}

/** What is done about messages in which the guard sees something, by the tier of the contact; what is not said is as in `defaultGuard`. */
export interface GuardSettings {
  readonly inbound?: Partial<GuardPolicy['inbound']>;
  readonly outbound?: Partial<GuardPolicy['outbound']>;
}

/** Whether others on the local network find this node, and in which one. */
export interface LanSettings {
  readonly enabled?: boolean;
  /** Address of this machine in the network that is meant; without it the one that the system chooses. */
  readonly interface?: string;
}

export interface NodeConfig {
  readonly host: string;
  readonly port: number;
  /** 8788, or another free one when that is taken; one that is named here is meant exactly. */
  readonly apiPort?: number;
  /** Addresses that others reach this node at; without them those of the network interfaces. */
  readonly endpoints: readonly string[];
  readonly passphraseFile?: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  /** The node keeps mailboxes for those whom its agents trust. */
  readonly relay?: boolean;
  readonly files?: FileSettings;
  readonly lan?: LanSettings;
  /** Absent in a node that a program embeds, which sees to it itself. */
  readonly rates?: RateSettings;
  /** Absent in a node that a program embeds: nothing is looked at unless it says so. */
  readonly guard?: GuardSettings;
  readonly agents: Readonly<Record<string, RuntimeConfig>>;
}

export const defaultApiPort = 8788;

export const defaultConfig: NodeConfig = {
  host: '0.0.0.0',
  port: 8787,
  endpoints: [],
  logLevel: 'info',
  agents: {},
};

/** What a message of this agent may cause that nothing caused (spec 14.2). */
export const rootBudgetOf = (agent: RuntimeConfig | undefined, limits: Limits): Budget => ({
  turns: agent?.rootTurns ?? limits.rootTurns,
  hops: agent?.rootHops ?? limits.rootHops,
});

const megabyte = 1024 * 1024;

/** The limits, with what mesh.toml says of files. */
export function withFileSettings(limits: Limits, settings: FileSettings = {}): Limits {
  const { maxMbPerPeer, maxMb, keepFreeMb } = settings;
  return {
    ...limits,
    ...(maxMbPerPeer === undefined ? {} : { maxFileBytesPerPeer: maxMbPerPeer * megabyte }),
    ...(maxMb === undefined ? {} : { maxFileBytes: maxMb * megabyte }),
    ...(keepFreeMb === undefined ? {} : { keepFreeDiskBytes: keepFreeMb * megabyte }),
  };
}

/** The limits, with what mesh.toml says of rates; without any for a node that has none. */
export const withRates = (limits: Limits, rates: RateSettings | undefined): Limits =>
  rates === undefined
    ? {
        ...limits,
        trustedTurnsPerHour: Infinity,
        conversationTurnsPerHour: Infinity,
        programRootsPerHour: Infinity,
      }
    : { ...limits, ...rates };
