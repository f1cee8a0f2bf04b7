import { codeOf, errorTable, type Logger, MeshError, silentLogger } from '#kernel';
import { createLogger } from '#host';
import type { InProcessRuntime } from '#runtime';
import type { AgentHost } from '../agent-host.ts';
import { defaultConfig } from '../config.ts';
import { MeshNode } from '../mesh-node.ts';
import { openMemoryStore } from '#storage';
import type { AgentHome } from './agent-home.ts';
import type { AgentHub, HubPlace } from './agent-hub.ts';
import type { AgentSettings } from './agent-options.ts';
import { lookForContacts } from './hub-lookup.ts';

const stderr = 2;

export interface Starting {
  readonly name: string;
  readonly settings: AgentSettings;
  readonly home: AgentHome;
  readonly runtime: InProcessRuntime;
}

/** Starts the node of one agent and brings it to its hub. When that fails nothing runs, and nothing passing is left. */
export async function startAgent(starting: Starting): Promise<MeshNode> {
  const { home, settings, name } = starting;
  try {
    const node = await startNode(starting);
    try {
      const host = hostOf(node, name);
      if (settings.hub !== undefined) await joinHub(host, settings.hub);
      return node;
    } catch (error) {
      await node.stop();
      throw error;
    }
  } catch (error) {
    home.leave();
    throw error;
  }
}

export function hostOf(node: MeshNode, name: string): AgentHost {
  const host = node.parts.hosts.get(name);
  if (host !== undefined) return host;
  const [found] = node.parts.hosts.keys();
  throw new MeshError(
    'INVALID_ARGUMENT',
    `${node.parts.state.path} belongs to the agent ${found ?? ''}, not to ${name}`,
  );
}

function startNode({ name, settings, home, runtime }: Starting): Promise<MeshNode> {
  const { hub, host, port, endpoint, apiPort, passphrase } = settings;
  return MeshNode.start({
    state: home.state,
    config: {
      ...defaultConfig,
      host: host ?? '127.0.0.1',
      port: port ?? 0,
      apiPort: apiPort ?? 0,
      endpoints: endpoint === undefined ? [] : [endpoint],
    },
    listens: [host, port, endpoint, apiPort].some((given) => given !== undefined),
    logger: loggerOf(settings),
    passphrase,
    runtimes: { [name]: runtime },
    withApi: apiPort !== undefined,
    disk: home.disk,
    prepare: home.prepare,
    takeOver: home.beginsAnew,
    ...(home.isPassing ? { openStore: openMemoryStore } : {}),
    connectHub: hub?.connect?.bind(hub),
  });
}

const loggerOf = ({ logger, logLevel: level }: AgentSettings): Logger =>
  logger ?? (level === undefined ? silentLogger : createLogger({ level, fd: stderr }));

/** Without a hub that was joined before there is nobody to deliver to: then why it cannot be reached is the answer. */
async function joinHub(host: AgentHost, hub: AgentHub): Promise<void> {
  const known = (base: string): HubPlace | undefined => {
    const found = host.hubs.memberships.find(({ membership }) => membership.address.base === base);
    return found && { address: found.membership.address, name: found.membership.name };
  };
  const place = await hub.locate(known);
  const before = known(place.address.base);
  // Whoever says so knows its own hub: what was at that address before is no more.
  if (before !== undefined && before.address.hub !== place.address.hub) await host.hubs.leave(before.address.hub);
  const isMember = before?.address.hub === place.address.hub;
  try {
    await host.hubs.join(place);
  } catch (error) {
    if (isMember && errorTable[codeOf(error)].retryable) return;
    throw withHubHint(error, place);
  }
  await lookForContacts(host);
}

function withHubHint(error: unknown, { name, address }: HubPlace): unknown {
  const code = codeOf(error);
  if (code !== 'HANDSHAKE_FAILED' && code !== 'UNKNOWN_AGENT') return error;
  return new MeshError(
    'HANDSHAKE_FAILED',
    `Authentication failed: ${address.base} does not have the key of the hub ${name}`,
    {
      cause: error,
      hint: 'It was set up anew, or somebody else answers there: ask its owner. An agent in another folder joins whatever is there now.',
    },
  );
}
