import { join } from 'node:path';
import { type Clock, codeOf, type Limits, MeshError, type Random } from '#kernel';
import {
  type AgentSecrets,
  agentIdOf,
  type Card,
  createSecrets,
  decodeKeystore,
  encodeKeystore,
  isName,
  parseCard,
  parseName,
  signCard,
  type VerifiedCard,
  verifyCard,
} from '#identity';
import { type AgentDisk, fileSystem } from './agent-disk.ts';
import { configTemplate } from './config-template.ts';
import { readConfig } from './read-config.ts';
import type { StateDir } from './state-dir.ts';

/** Keys and card of one agent as they lie on disk. */
export interface AgentFiles {
  readonly name: string;
  readonly dir: string;
  readonly secrets: AgentSecrets;
  readonly card: VerifiedCard;
  readonly isDefault: boolean;
}

export interface AgentFilePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly passphrase?: string | undefined;
  /** The file system without it. */
  readonly disk?: AgentDisk | undefined;
}

export interface NewAgent {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly endpoints: readonly string[];
  /** For mesh.toml; 8787 without it. */
  readonly port?: number | undefined;
  /** Made before; new ones without them. */
  readonly secrets?: AgentSecrets | undefined;
}

export const suite = 'MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519';

export const keyFile = (dir: string): string => join(dir, 'private_key.pem');
export const cardFile = (dir: string): string => join(dir, 'identity.json');

/**
 * Makes the first agent of the folder, and the folder. With `force`, an existing identity is set aside, not deleted. Throws
 * ALREADY_INITIALIZED, INVALID_ARGUMENT.
 */
export async function createFirstAgent(
  state: StateDir,
  agent: NewAgent,
  options: AgentFilePorts & { readonly force: boolean },
): Promise<AgentFiles> {
  parseName(agent.name);
  const { disk = fileSystem } = options;
  if (!options.force) checkFree(state, disk);
  const isConfigured = disk.exists(state.config);
  if (isConfigured) await checkSettings(state, agent);
  // Also a database whose keys are gone: nothing could be opened in it.
  setAside(state, disk, options.clock.now());
  disk.makeFolder(state.path);
  if (!isConfigured) await disk.write(state.config, configTemplate(agent));
  return writeAgent({ dir: state.path, isDefault: true }, agent, options);
}

function checkFree({ path }: StateDir, disk: AgentDisk): void {
  const data = { stateDir: path };
  if (disk.exists(keyFile(path)))
    throw new MeshError('ALREADY_INITIALIZED', `${path} already holds an agent`, { data });
  if (!disk.exists(cardFile(path))) return;
  throw new MeshError('ALREADY_INITIALIZED', `${path} holds an agent whose key file is missing: ${keyFile(path)}`, {
    hint: 'Restore it from a backup, or begin anew with --force, which sets the rest aside.',
    data,
  });
}

/** An existing mesh.toml belongs to a person: it is not rewritten, so what it says must be what was asked for. */
async function checkSettings(state: StateDir, { endpoints, port }: NewAgent): Promise<void> {
  const config = await readConfig(state.config);
  const differs = endpoints.length > 0 && JSON.stringify(config.endpoints) !== JSON.stringify(endpoints);
  const setting = differs ? `endpoints = ${JSON.stringify(endpoints)}` : `port = ${port}`;
  if (!differs && (port === undefined || port === config.port)) return;
  throw new MeshError('INVALID_ARGUMENT', `${state.config} exists already and says otherwise`, {
    hint: `Write ${setting} under [node] in that file, and leave the option out.`,
  });
}

/** One more agent on the same node. Throws NAME_TAKEN, NOT_INITIALIZED, PASSPHRASE_REQUIRED, PASSPHRASE_WRONG. */
export async function createFurtherAgent(state: StateDir, agent: NewAgent, ports: AgentFilePorts): Promise<AgentFiles> {
  parseName(agent.name);
  const { disk = fileSystem } = ports;
  const taken = agentDirs(state, disk).map(({ dir }) => readCardName(dir, disk));
  if (taken.length === 0) throw new MeshError('NOT_INITIALIZED', `${state.path} holds no agent yet`);
  // One passphrase for all: a key without it would lie open beside those that it protects.
  await decodeKeystore(await disk.readKey(keyFile(state.path)), { passphrase: ports.passphrase });
  const dir = join(state.agents, agent.name);
  if (taken.includes(agent.name) || disk.exists(keyFile(dir))) {
    throw new MeshError('NAME_TAKEN', `This node already has an agent named ${agent.name}`);
  }
  disk.makeFolder(dir);
  return writeAgent({ dir, isDefault: false }, agent, ports);
}

/** All agents of the folder, the first one first. Throws NOT_INITIALIZED and what the key files throw. */
export async function loadAgents(state: StateDir, ports: AgentFilePorts): Promise<readonly AgentFiles[]> {
  const dirs = agentDirs(state, ports.disk ?? fileSystem);
  if (dirs.length === 0) throw new MeshError('NOT_INITIALIZED', `${state.path} holds no agent yet`);
  return Promise.all(dirs.map((where) => loadAgent(where, ports)));
}

/** Secrets and card, each replaced in one step; the key file first, because a card can be made again from it. */
export async function saveAgent(files: AgentFiles, ports: AgentFilePorts): Promise<void> {
  const { secrets, dir } = files;
  const { disk = fileSystem, random, passphrase } = ports;
  await disk.writeKey(keyFile(dir), await encodeKeystore(secrets, { random, passphrase }));
  await saveCard(files, disk);
}

export async function saveCard(
  { dir, card }: Pick<AgentFiles, 'dir' | 'card'>,
  disk: AgentDisk = fileSystem,
): Promise<void> {
  await disk.write(cardFile(dir), `${JSON.stringify(card, null, 2)}\n`);
}

export interface CardChange {
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly endpoints: readonly string[];
  readonly mailboxes?: readonly string[];
  readonly capabilities: Card['capabilities'];
  readonly seq: number;
}

/** A card signed by the root key, with the certified device key of the moment. */
export function makeCard(secrets: AgentSecrets, fields: CardChange, ports: AgentFilePorts): VerifiedCard {
  const now = ports.clock.now();
  const { certificate } = secrets;
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  return signCard(
    {
      name: fields.name,
      ...(fields.displayName === undefined ? {} : { displayName: fields.displayName }),
      devices: [
        {
          publicKey: base64url(certificate.devicePublicKey),
          notBefore: certificate.notBefore,
          notAfter: certificate.notAfter,
          signature: base64url(certificate.signature),
        },
      ],
      endpoints: [...fields.endpoints],
      mailboxes: [...(fields.mailboxes ?? [])],
      capabilities: fields.capabilities,
      suites: [suite],
      seq: fields.seq,
      createdAt: now,
      expiresAt: now + ports.limits.cardLifetimeMs,
    },
    secrets.root,
  );
}

interface AgentDir {
  readonly dir: string;
  readonly isDefault: boolean;
}

/** Where the agents of the folder are, the first one first. */
export function agentDirs(state: StateDir, disk: AgentDisk = fileSystem): readonly AgentDir[] {
  if (!disk.exists(keyFile(state.path)) && !disk.exists(cardFile(state.path))) return [];
  const further = disk.list(state.agents).filter(isName).sort();
  return [
    { dir: state.path, isDefault: true },
    ...further.map((name) => ({ dir: join(state.agents, name), isDefault: false })),
  ];
}

async function writeAgent(where: AgentDir, agent: NewAgent, ports: AgentFilePorts): Promise<AgentFiles> {
  const { random, clock, limits } = ports;
  const { secrets = createSecrets({ random, now: clock.now(), limits }) } = agent;
  const { name, displayName, endpoints } = agent;
  const card = makeCard(secrets, { name, displayName, endpoints, capabilities: [], seq: 1 }, ports);
  const files = { name, secrets, card, ...where };
  await saveAgent(files, ports);
  return files;
}

async function loadAgent(where: AgentDir, ports: AgentFilePorts): Promise<AgentFiles> {
  const { disk = fileSystem } = ports;
  const text = await disk.readKey(keyFile(where.dir));
  const secrets = await decodeKeystore(text, { passphrase: ports.passphrase });
  const old = readCard(where.dir, disk);
  const card = renewedCard(secrets, old, ports);
  const files = { name: old.name, secrets, card, ...where };
  if (card.seq !== old.seq) await saveCard(files, disk);
  return files;
}

/** The card on disk, unless it has expired or belongs to the key before a rotation that was cut off. */
function renewedCard(secrets: AgentSecrets, old: Card, ports: AgentFilePorts): VerifiedCard {
  try {
    const card = verifyCard(old, { now: ports.clock.now() });
    if (card.agentId === agentIdOf(secrets.root.publicKey)) return card;
  } catch (error) {
    if (codeOf(error) !== 'CARD_EXPIRED') throw error;
  }
  const { name, displayName, endpoints, mailboxes, capabilities } = old;
  return makeCard(secrets, { name, displayName, endpoints, mailboxes, capabilities, seq: old.seq + 1 }, ports);
}

function readCard(dir: string, disk: AgentDisk): Card {
  const path = cardFile(dir);
  try {
    // An expired card is still one: only its form is needed to make the next.
    return verifyCard(parseCard(disk.read(path)), { now: 0 });
  } catch (cause) {
    throw new MeshError('KEY_FILE_UNREADABLE', `${path} is missing or damaged: ${codeOf(cause)}`, { cause });
  }
}

/** Names and cards of the agents of the folder, the first one first, without opening any key. Throws KEY_FILE_UNREADABLE. */
export function agentCards(state: StateDir): readonly { readonly dir: string; readonly card: Card }[] {
  return agentDirs(state).map(({ dir }) => ({ dir, card: readCard(dir, fileSystem) }));
}

const readCardName = (dir: string, disk: AgentDisk): string => readCard(dir, disk).name;

function setAside(state: StateDir, disk: AgentDisk, now: number): void {
  const stamp = new Date(now).toISOString().replaceAll(/[:.]/g, '-');
  for (const path of [keyFile(state.path), cardFile(state.path), state.database, state.agents]) {
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      if (disk.exists(file)) disk.rename(file, `${file}.${stamp}.old`);
    }
  }
}
