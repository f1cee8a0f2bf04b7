import { existsSync, openSync } from 'node:fs';
import { MeshError } from '#kernel';
import { createLogger } from '#host';
import type { NodeConfig } from './config.ts';
import { readConfig } from './read-config.ts';
import { checkEndpoint } from './init-agent.ts';
import { lanView, type LanView } from './lan-view.ts';
import { MeshNode, type NodeOptions } from './mesh-node.ts';
import type { Address } from './parts.ts';
import { readPassphrase } from './read-passphrase.ts';
import { stateDir } from './state-dir.ts';

export interface RunNodeOptions extends Pick<NodeOptions, 'limits' | 'openStore' | 'openRelay'> {
  readonly stateDir: string;
  readonly host?: string;
  readonly port?: number;
  readonly apiPort?: number;
  readonly endpoint?: string;
  /** Others on the local network find this node. */
  readonly lan?: boolean;
  /** It keeps mailboxes for those whom its agents trust. */
  readonly relay?: boolean;
  readonly passphrase?: string;
  /** Speak for the agents again although a later life took their place. */
  readonly takeOver?: boolean;
  /** Log lines go to node.log in the folder; to stderr without it. */
  readonly logsToFile?: boolean;
  readonly signal: AbortSignal;
  onReady(info: NodeReady): void;
}

export interface NodeReady {
  readonly listen: Address;
  readonly api: Address;
  readonly agents: readonly { readonly name: string; readonly agentId: string }[];
  readonly endpoints: readonly string[];
  /** Absent when the node keeps away from the local network. */
  readonly lan?: LanView;
  /** It keeps mailboxes for those whom its agents trust. */
  readonly relay?: boolean;
}

/**
 * `mesh up`: starts the node, and resolves when it has stopped, by the signal or by the API. Rejects before `onReady` when it cannot start,
 * and after it when the node had to stop by itself.
 */
export async function runNode(options: RunNodeOptions): Promise<void> {
  const state = stateDir(options.stateDir);
  if (!existsSync(state.path)) throw new MeshError('NOT_INITIALIZED', `${state.path} does not exist yet`);
  const config = withFlags(await readConfig(state.config), options);
  const passphrase = options.passphrase ?? readPassphrase(config);
  const logger = createLogger({
    level: config.logLevel,
    fd: options.logsToFile === true ? openSync(state.log, 'a', 0o600) : 2,
  });
  const { takeOver, limits, openStore, openRelay } = options;
  const node = await MeshNode.start({ state, config, logger, passphrase, takeOver, limits, openStore, openRelay });
  let failure: MeshError | undefined;
  try {
    const info = readyInfo(node);
    const { version } = node.parts;
    logger.info('node.started', {
      pid: process.pid,
      version,
      listen: addressOf(info.listen),
      api: addressOf(info.api),
    });
    options.onReady(info);
    failure = await Promise.race([node.stopRequested, aborted(options.signal)]);
  } finally {
    await node.stop();
    logger.info('node.stopped');
  }
  if (failure !== undefined) throw failure;
}

const addressOf = ({ host, port }: Address): string => `${host}:${port}`;

function readyInfo(node: MeshNode): NodeReady {
  const { publicAddress, apiAddress } = node.listening;
  const hosts = [...node.parts.hosts.values()];
  if (apiAddress === undefined) throw new MeshError('INTERNAL', 'A node without an API cannot be driven');
  return {
    listen: publicAddress,
    api: apiAddress,
    agents: hosts.map(({ agent }) => ({ name: agent.name, agentId: agent.agentId })),
    endpoints: hosts[0]?.agent.card().endpoints ?? [],
    ...(node.parts.relay === undefined ? {} : { relay: true }),
    ...(node.parts.lan.status === undefined ? {} : { lan: lanView(node.parts.lan.status) }),
  };
}

function withFlags(config: NodeConfig, options: RunNodeOptions): NodeConfig {
  const { host, port, apiPort, endpoint, lan = false, relay = false } = options;
  return {
    ...config,
    // Programs of a node that runs by itself go by rates, those of mesh.toml or the usual ones.
    rates: { ...config.rates },
    // And nothing comes in or leaves unseen.
    guard: { ...config.guard },
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(apiPort === undefined ? {} : { apiPort }),
    ...(endpoint === undefined ? {} : { endpoints: [checkEndpoint(endpoint)] }),
    ...(relay ? { relay } : {}),
    ...(lan ? { lan: { ...config.lan, enabled: true } } : {}),
  };
}

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
