import { join } from 'node:path';
import {
  type Clock,
  createIds,
  defaultLimits,
  EventStream,
  type Limits,
  type Logger,
  type MeshError,
  type Random,
  systemClock,
  systemRandom,
} from '#kernel';
import { type MeshStore, type PipelineEvent, type PipelinePorts, Pauses, RecentMessages, Spendings } from '#pipeline';
import type { BlobFiles } from '#delivery';
import type { Runtime } from '#runtime';
import { announceOnLan, mdnsEar } from '#discovery';
import { supportedVersions } from '#protocol';
import { createSessionEngine } from '#session';
import { blobFilesIn } from '#storage';
import { AgentHost } from './agent-host.ts';
import type { AgentDisk } from './agent-disk.ts';
import { type AgentFilePorts, type AgentFiles, createFurtherAgent, loadAgents } from './agent-files.ts';
import { AwaitedAnswers } from './awaited-answers.ts';
import { type NodeConfig, rootBudgetOf, withFileSettings, withRates } from './config.ts';
import { ContactWatch } from './contact-watch.ts';
import { callOwn, type DialPorts, dialHub, dialPeer } from './dial-peer.ts';
import { guardPolicyOf } from './guard-settings.ts';
import { hubDeskOf } from './hubs/hub-desk-of.ts';
import { HostedAgent } from './hosted-agent.ts';
import { invalidConfig } from './invalid-config.ts';
import { readLife, readSuccessor } from './life.ts';
import { LanDesk, type LanPorts } from './lan-desk.ts';
import { makeRuntime } from './make-runtime.ts';
import { logEvent } from './log-event.ts';
import type { NodeEvent } from './node-event.ts';
import type { NodeRelay, OpenRelay } from './node-relay.ts';
import { capabilitiesOf, forgetStranger, relayOf } from './relay.ts';
import type { NodeParts } from './parts.ts';
import { LinkDesk } from './link-desk.ts';
import type { StateDir } from './state-dir.ts';
import { KeyedRate, packageVersion } from '#host';

export interface ComposeOptions {
  readonly state: StateDir;
  readonly config: NodeConfig;
  readonly store: MeshStore;
  readonly logger: Logger;
  readonly passphrase?: string | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly limits?: Limits | undefined;
  /** Where keys and cards lie; the file system without it. */
  readonly disk?: AgentDisk | undefined;
  /** Where the sealed bytes of the files of an agent lie, instead of in the state folder. */
  readonly blobFiles?: ((agent: string) => BlobFiles) | undefined;
  /** Versions of the link protocol; all that are known without it. */
  readonly linkVersions?: readonly number[] | undefined;
  /** Instead of what mesh.toml says: for agents inside a program. */
  readonly runtimes?: Readonly<Record<string, Runtime>> | undefined;
  /** Instead of mDNS. */
  readonly lan?: LanPorts | undefined;
  /** Needed by a node that is a relay. */
  readonly openRelay?: OpenRelay | undefined;
  /** Of this node, which no message may carry away. */
  readonly secrets?: (() => readonly string[]) | undefined;
  requestStop(): void;
  /** The node cannot go on. */
  readonly fail?: ((error: MeshError) => void) | undefined;
}

export interface Composed {
  readonly parts: NodeParts;
  readonly links: LinkDesk;
  readonly events: EventStream<NodeEvent>;
}

/** The only place that constructs things and plugs the ports of the rooms. Nothing runs yet. */
export async function compose(options: ComposeOptions): Promise<Composed> {
  const { store, logger, config, state, clock = systemClock, random = systemRandom } = options;
  const limits = withRates(withFileSettings(options.limits ?? defaultLimits, config.files), config.rates);
  const base = { clock, random, limits, logger };
  const linking = { ...base, versions: options.linkVersions };
  const files: AgentFilePorts = { clock, random, limits, passphrase: options.passphrase, disk: options.disk };
  const ids = createIds(clock, random);
  const answers = new AwaitedAnswers(clock);
  const watch = new ContactWatch(clock);
  const events = new EventStream<NodeEvent>();
  const tell = (event: NodeEvent): void => {
    logEvent(logger, event);
    events.emit(event);
  };
  const hosts = new Map<string, AgentHost>();
  const ports: PipelinePorts = {
    ...base,
    store,
    ids,
    engine: await createSessionEngine({ random, limits }),
    ...messagePorts({ config, limits, store, hosts, secrets: options.secrets ?? (() => []) }),
    waitsForFiles: (agent) => config.agents[agent]?.waitForFiles ?? true,
    isAwaited: (asked) => answers.isAwaited(asked),
    lendTurns: (agent) => hosts.get(agent)?.runner.lend(),
    emit: (event) => {
      answers.notice(event);
      watch.notice(event);
      notifyHost(hosts, event);
      if (event.type === 'contact') forgetStranger(relay, hosts, { agentId: event.contact.agentId, logger });
      tell(event);
    },
  };
  const relay = await relayOf(options, base, hosts);
  const links = new LinkDesk({ hosts, ...linking, relay });
  const dialPorts = dialPortsOf(links, linking);
  const addHost = hostMaker({ options, ports, files, hosts, tell, dialPorts });
  for (const agentFiles of await loadAgents(state, files)) await addHost(agentFiles);
  checkAgentNames(options, hosts);
  const parts: NodeParts = {
    ...base,
    ...settingsOf(options, base),
    store,
    ids,
    hosts,
    answers,
    watch,
    pauses: ports.pauses,
    tell,
    relay,
    callOwn: (host, endpoint, signal) => callOwn(dialPorts, host, { endpoint, signal }),
    addAgent: async (agent) => {
      const host = await addFurther(agent, { options, files, hosts, relay, addHost });
      tell({ type: 'agent-added', agent: agent.name });
      return host;
    },
  };
  return { parts, links, events };
}

const settingsOf = (
  options: ComposeOptions,
  base: Parameters<typeof lanDesk>[1],
): Pick<NodeParts, 'state' | 'config' | 'version' | 'lan' | 'requestStop' | 'programRoots'> => ({
  state: options.state,
  config: options.config,
  version: packageVersion(),
  lan: lanDesk(options, base),
  requestStop: options.requestStop,
  programRoots: new KeyedRate({
    clock: base.clock,
    count: base.limits.programRootsPerHour,
    burst: base.limits.programRootsPerHour,
    perMs: hourMs,
    maxKeys: 10_000,
  }),
});

const hourMs = 3_600_000;

interface MessagePorts {
  readonly config: NodeConfig;
  readonly limits: Limits;
  readonly store: MeshStore;
  readonly hosts: ReadonlyMap<string, AgentHost>;
  secrets(): readonly string[];
}

const messagePorts = ({
  config,
  limits,
  store,
  hosts,
  secrets,
}: MessagePorts): Pick<PipelinePorts, 'recent' | 'spendings' | 'pauses' | 'rootBudget' | 'guard'> => ({
  guard: { policy: guardPolicyOf(config.guard), secrets },
  recent: new RecentMessages(limits),
  spendings: new Spendings(),
  pauses: new Pauses({ store, agents: () => hosts.keys() }),
  rootBudget: (agent) => rootBudgetOf(config.agents[agent], limits),
});

interface AddingAgents {
  readonly options: ComposeOptions;
  readonly files: AgentFilePorts;
  readonly hosts: ReadonlyMap<string, AgentHost>;
  readonly relay: NodeRelay | undefined;
  addHost(files: AgentFiles): Promise<AgentHost>;
}

/** One more agent, at work, that is reached where the others are. */
async function addFurther(agent: Parameters<NodeParts['addAgent']>[0], adding: AddingAgents): Promise<AgentHost> {
  const { options, files, hosts, relay, addHost } = adding;
  const { state, config } = options;
  const [first] = hosts.values();
  const endpoints = first?.agent.card().endpoints ?? [];
  const host = await addHost(await createFurtherAgent(state, { ...agent, endpoints }, files));
  await host.agent.publish({ capabilities: capabilitiesOf(host.agent, { config, relay, endpoints }) });
  host.start();
  return host;
}

function lanDesk(
  { config, lan, linkVersions }: ComposeOptions,
  base: { readonly clock: Clock; readonly random: Random; readonly limits: Limits; readonly logger: Logger },
): LanDesk {
  return new LanDesk({
    ...base,
    ports: lan ?? { announce: announceOnLan, ear: mdnsEar },
    settings: config.lan ?? {},
    versions: linkVersions ?? supportedVersions,
  });
}

const dialPortsOf = (
  links: LinkDesk,
  linking: Omit<DialPorts, 'handler' | 'connectLocal' | 'connectHub'>,
): DialPorts => ({
  ...linking,
  handler: links,
  connectLocal: (peer) => links.connectLocal(peer),
  connectHub: (address, how) => links.connectHub(address, how),
});

/** A mistyped name must not leave an agent without the program that was meant for it. */
function checkAgentNames({ config, state }: ComposeOptions, hosts: ReadonlyMap<string, AgentHost>): void {
  const stranger = Object.keys(config.agents).find((name) => !hosts.has(name));
  if (stranger === undefined) return;
  const problem = `agents.${stranger}: this node has no agent ${stranger}, it has: ${[...hosts.keys()].join(', ')}`;
  throw invalidConfig(state.config, problem);
}

interface HostMaking {
  readonly options: ComposeOptions;
  readonly ports: PipelinePorts;
  readonly files: AgentFilePorts;
  readonly hosts: Map<string, AgentHost>;
  readonly tell: (event: NodeEvent) => void;
  readonly dialPorts: DialPorts;
}

function hostMaker(making: HostMaking): (files: AgentFiles) => Promise<AgentHost> {
  const { options, ports, files, hosts, tell, dialPorts } = making;
  const { clock, random, limits, logger } = ports;
  return async (agentFiles) => {
    const { name, dir: agentDir } = agentFiles;
    const runtimePorts = { clock, random, limits, logger, agentDir, configPath: options.state.config };
    const host = new AgentHost({
      agent: new HostedAgent({
        files: agentFiles,
        ports: files,
        logger,
        life: readLife(ports.store.read.values),
        successor: readSuccessor(ports.store.read.values, name),
      }),
      ports,
      blobFiles: options.blobFiles?.(name) ?? blobFilesIn(join(options.state.files, name)),
      runtime: options.runtimes?.[name] ?? (await makeRuntime(options.config.agents[name], runtimePorts)),
      dial: (who, contact, dialOptions) => dialPeer(dialPorts, { host: who, contact }, dialOptions),
      hubsOf: (who) =>
        hubDeskOf(who, {
          dial: (address, how) => dialHub(dialPorts, who, { ...how, address }),
          onChange: (membership, status) => tell({ type: 'hub', agent: name, membership, status }),
        }),
      onChange: (who, lane, change) => {
        if (change.type === 'up') who.files.wake(lane);
        tell({ type: 'route', agent: who.agent.name, peer: lane.peer, change });
      },
      onSuperseded: (who) => tell({ type: 'superseded', agent: who.agent.name }),
    });
    await host.files.look();
    hosts.set(name, host);
    return host;
  };
}

function notifyHost(hosts: ReadonlyMap<string, AgentHost>, event: PipelineEvent): void {
  if (event.type === 'received' || event.type === 'file') hosts.get(event.agent)?.runner.wake();
  if (event.type === 'received' || event.type === 'file' || event.type === 'state')
    hosts.get(event.agent)?.files.notice(event);
  if (event.type === 'contact') hosts.get(event.contact.agent)?.onContact(event.contact);
}
