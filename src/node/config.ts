import type { Limits } from '#kernel';
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

/** What `mesh init` writes: every setting, commented out unless it was given, so that the file explains itself. */
export function configTemplate({
  endpoints,
  port,
}: {
  readonly endpoints: readonly string[];
  readonly port?: number | undefined;
}): string {
  const portLine = port === undefined ? '# port = 8787               # for other nodes' : `port = ${port}`;
  const endpointsLine =
    endpoints.length === 0
      ? '# endpoints = ["http://my-host.example:8787"]   # how others reach this node'
      : `endpoints = ${JSON.stringify(endpoints)}`;
  return `# Settings of this node. Uncomment what you want to change, then restart the node (mesh down, mesh up --detach).

[node]
# host = "0.0.0.0"          # 127.0.0.1 keeps it on this machine
${portLine}
# apiPort = 8788            # for the mesh command on this machine
${endpointsLine}
# passphraseFile = "/run/secrets/mesh"          # when the keys are encrypted
# logLevel = "info"         # debug | info | warn | error
# relay = true              # keep messages for those whom your agents trust, while they are away

[files]
# maxMbPerPeer = 4096       # kept for, and as much from, one contact
# maxMb = 16384             # of all contacts together
# keepFreeMb = 256          # of the disk, which files leave to everything else

[lan]
# enabled = true            # others on the local network find this node with: mesh scan --lan
# interface = "192.168.1.20"   # address of this machine in the network that is meant

[rates]
# trustedTurnsPerHour = 600        # turns that one trusted contact may start
# conversationTurnsPerHour = 120   # turns of one conversation
# programRootsPerHour = 600        # messages to one contact that programs begin with

# What happens with messages that come in, for each agent:
# [agents.NAME]
# runtime = "inbox"         # stay until read with: mesh inbox
#
# runtime = "command"       # a program: message JSON on stdin, answer on stdout
# command = ["python3", "handler.py"]
# timeoutSeconds = 60
# concurrency = 1           # 1 keeps the order
# types = ["request", "notification", "alert"]
# waitForFiles = true       # false: do not wait for the files of a message
# rootTurns = 64            # turns of programs that may follow from one message
# rootHops = 8              # how long a chain of messages may be
#
# runtime = "webhook"       # a POST signed with HMAC-SHA256, the answer in the response
# url = "http://127.0.0.1:3000/mesh"
# secretFile = "webhook-secret"
#
# runtime = "openclaw"      # a turn of an agent of an OpenClaw gateway: mesh openclaw setup
# url = "ws://127.0.0.1:18789"
# tokenFile = "openclaw-token"
# gatewayAgent = "main"
`;
}
