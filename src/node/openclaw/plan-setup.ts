import { existsSync } from 'node:fs';
import { type Clock, MeshError, type Random, systemClock, systemRandom } from '#kernel';
import { agentCards } from '../agent-files.ts';
import type { RuntimeConfig } from '../config.ts';
import { readConfig } from '../read-config.ts';
import { type StateDir, stateDir } from '../state-dir.ts';
import { checkRuns, type GatewayFacts, meetGateway } from './check-gateway.ts';
import { type Environment, findGateway, type LocalGateway, type WhereGateway } from './find-gateway.ts';
import { planHooks } from './hooks-config.ts';
import { changedSecrets, filesOf, type PlannedFile, renewed, secretFiles, settingsOf, urlOf } from './planned-files.ts';
import { checkNoPlugin, planPlugin } from './plugin-config.ts';
import { readRecords, type SetupRecord } from './setup-record.ts';

export interface SetupOptions extends Omit<WhereGateway, 'environment'> {
  readonly stateDir: string;
  /** The first agent of the folder without it. */
  readonly agent?: string | undefined;
  readonly gatewayAgent: string;
  readonly transport: SetupRecord['transport'];
  readonly environment?: Environment;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly signal: AbortSignal;
}

/** What a setup will write, and nothing secret of it. */
export interface SetupView {
  readonly agent: string;
  readonly transport: SetupRecord['transport'];
  readonly gateway: {
    readonly config: string;
    readonly url: string;
    readonly version?: string | undefined;
    readonly agent: string;
  };
  readonly writes: readonly { readonly path: string; readonly lines: readonly string[] }[];
  /** Nothing is written: it is there already. */
  readonly isDone: boolean;
  /** Messages are handed over and have no answers. */
  readonly isOneWay: boolean;
}

export interface SetupPlan {
  readonly view: SetupView;
  readonly state: StateDir;
  /** Of the runtime of the agent; absent when the plugin answers for it. */
  readonly settings: RuntimeConfig | undefined;
  readonly agentDir: string;
  /** What is written now, mesh.toml last. */
  readonly files: readonly PlannedFile[];
  /** What was set up before this, and what is with it. */
  readonly records: { readonly before: readonly SetupRecord[]; readonly after: readonly SetupRecord[] };
  readonly clock: Clock;
}

/**
 * Looks at node and gateway and says what a setup has to write; changes nothing. Throws NOT_INITIALIZED, NOT_FOUND, WRONG_STATE,
 * INVALID_CONFIG, OPENCLAW_NOT_FOUND, OPENCLAW_CONFIG_UNREADABLE, GATEWAY_UNREACHABLE, GATEWAY_REFUSED.
 */
export async function planSetup(options: SetupOptions): Promise<SetupPlan> {
  const {
    environment = process.env,
    clock = systemClock,
    random = systemRandom,
    gatewayAgent,
    transport,
    signal,
  } = options;
  checkId(gatewayAgent);
  const state = stateDir(options.stateDir);
  const { name: agent, dir: agentDir } = agentNamed(state, options.agent);
  const records = await readRecords(state);
  const earlier = records.find((one) => one.agent === agent);
  const settingsBefore = (await readConfig(state.config)).agents[agent];
  checkFree({ agent, state, runtime: settingsBefore?.runtime, isOurs: earlier !== undefined });
  const gateway = findGateway({ ...options, environment });
  await checkRuns(gateway, signal);
  const facts = await factsOf(gateway, { gatewayAgent, clock, isNeeded: transport === 'ws' });
  const place = { agent, agentDir, state, isNew: earlier === undefined };
  const { url, edits, secrets, settings } = wantedFor(gateway, {
    transport,
    gatewayAgent,
    random,
    environment,
    ...place,
  });
  if (earlier !== undefined) checkSame(earlier, { transport, gatewayAgent, settingsBefore, settings });
  const files =
    earlier === undefined ? filesOf({ state, agent, settings, gateway, edits, secrets }) : changedSecrets(secrets);
  const fresh = {
    agent,
    transport,
    gatewayAgent,
    config: gateway.configPath,
    files: files.map(({ written }) => written),
  };
  const others = records.filter((one) => one !== earlier);
  return {
    view: {
      agent,
      transport,
      gateway: { config: gateway.configPath, url, version: facts?.version, agent: gatewayAgent },
      writes: files.map(({ path, lines }) => ({ path, lines })),
      isDone: files.length === 0,
      isOneWay: settings !== undefined && settings.tokenFile === undefined,
    },
    state,
    settings,
    agentDir,
    files,
    records: { before: records, after: [...others, earlier === undefined ? fresh : renewed(earlier, files)] },
    clock,
  };
}

interface Wanted {
  readonly transport: SetupRecord['transport'];
  readonly gatewayAgent: string;
  readonly agent: string;
  readonly agentDir: string;
  readonly state: StateDir;
  readonly isNew: boolean;
  readonly random: Random;
  readonly environment: Environment;
}

/** What gateway and node need for that way. */
function wantedFor(gateway: LocalGateway, wanted: Wanted) {
  const { transport, gatewayAgent, agent, agentDir, state, isNew } = wanted;
  if (transport === 'plugin') {
    const edits = isNew ? planPlugin(gateway, { agent, stateDir: state.path, gatewayAgent }) : [];
    return { url: urlOf(gateway, undefined), edits, secrets: [], settings: undefined };
  }
  if (isNew) checkNoPlugin(gateway, { agent, isFirst: agentDir === state.path });
  const hooks = transport === 'hooks' ? planHooks(gateway, wanted) : undefined;
  const secrets = secretFiles({ state, agentDir, token: gateway.token, hooks });
  const settings = settingsOf({ gateway, gatewayAgent, hooks, secrets });
  return { url: urlOf(gateway, hooks), edits: hooks?.edits ?? [], secrets, settings };
}

/** As mesh.toml takes it. */
function checkId(gatewayAgent: string): void {
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(gatewayAgent)) return;
  throw new MeshError('INVALID_ARGUMENT', `${JSON.stringify(gatewayAgent)} is no id of an agent of a gateway`, {
    hint: 'See which it has: openclaw agents list. Then: --gateway-agent ID',
  });
}

function agentNamed(state: StateDir, name: string | undefined): { readonly name: string; readonly dir: string } {
  const agents = existsSync(state.path) ? agentCards(state).map(({ dir, card }) => ({ dir, name: card.name })) : [];
  if (agents.length === 0) throw new MeshError('NOT_INITIALIZED', `${state.path} holds no agent yet`);
  const found = name === undefined ? agents[0] : agents.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new MeshError('NOT_FOUND', `This node has no agent ${name ?? ''}`, {
    hint: `It has: ${agents.map((one) => one.name).join(', ')}. Add one: mesh agent add NAME`,
  });
}

interface Taken {
  readonly agent: string;
  readonly state: StateDir;
  readonly runtime: string | undefined;
  readonly isOurs: boolean;
}

function checkFree({ agent, state, runtime = 'inbox', isOurs }: Taken): void {
  if (runtime === 'inbox' || isOurs) return;
  throw new MeshError('WRONG_STATE', `${agent} has a runtime already: runtime = "${runtime}" in ${state.config}`, {
    hint: `Take it out of [agents.${agent}] first, or connect another agent of this node: mesh agent add NAME`,
  });
}

interface Comparing extends Pick<SetupRecord, 'transport' | 'gatewayAgent'> {
  readonly settingsBefore: RuntimeConfig | undefined;
  readonly settings: RuntimeConfig | undefined;
}

function checkSame(earlier: SetupRecord, { transport, gatewayAgent, settingsBefore, settings }: Comparing): void {
  const now = new Map<string, unknown>(Object.entries(settingsBefore ?? {}));
  const differs = Object.entries(settings ?? {}).some(([key, value]) => now.get(key) !== value);
  if (!differs && transport === earlier.transport && gatewayAgent === earlier.gatewayAgent) return;
  throw new MeshError('WRONG_STATE', `${earlier.agent} is connected already, in another way`, {
    hint: 'Undo that first: mesh openclaw remove. Then run this again.',
  });
}

interface Meeting {
  readonly gatewayAgent: string;
  readonly clock: Clock;
  readonly isNeeded: boolean;
}

/** Without the token of the gateway only its hooks can be used, and who it is cannot be told. */
async function factsOf(
  gateway: LocalGateway,
  { gatewayAgent, clock, isNeeded }: Meeting,
): Promise<GatewayFacts | undefined> {
  const { token, configPath } = gateway;
  if (token !== undefined) return meetGateway(gateway, { token, gatewayAgent, clock });
  if (!isNeeded) return undefined;
  throw new MeshError('OPENCLAW_CONFIG_UNREADABLE', `${configPath} does not say what the token of the gateway is`, {
    hint: 'Name a file that holds it: --token-file FILE. A gateway without one gets it by: openclaw doctor --generate-gateway-token',
  });
}
