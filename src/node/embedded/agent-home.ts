import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { codeOf, defaultLimits, fromUtf8, MeshError, systemClock, systemRandom } from '#kernel';
import {
  type AgentSecrets,
  type Card,
  createSecrets,
  decodeOpenKeystore,
  parseCard,
  parseName,
  verifyCard,
} from '#identity';
import { type AgentDisk, fileSystem } from '../agent-disk.ts';
import { cardFile, createFirstAgent, keyFile, makeCard, saveCard } from '../agent-files.ts';
import { type StateDir, stateDir } from '../state-dir.ts';
import type { AgentSettings } from './agent-options.ts';

/** Where an agent of a program lives, and what is known of it before its node runs. */
export interface AgentHome {
  readonly state: StateDir;
  readonly disk: AgentDisk;
  /** Undefined when only the passphrase opens the key file and there is no card. */
  readonly card: Card | undefined;
  /** Nothing is kept: the folder goes with the agent. */
  readonly isPassing: boolean;
  /** Its keys are older than its state, which somebody took away: this is a new life of it. */
  readonly beginsAnew: boolean;
  /** Writes what is not there yet. */
  prepare(): Promise<void>;
  /** Removes what is not to be kept. */
  leave(): void;
}

const base = { clock: systemClock, random: systemRandom, limits: defaultLimits };

/**
 * Finds the agent in its folder, or thinks of a new one. Throws INVALID_ARGUMENT when the folder belongs to an agent of another name,
 * KEY_FILE_UNREADABLE when its files are damaged.
 */
export function openHome(name: string, settings: AgentSettings): AgentHome {
  parseName(name);
  const { keypairPath, passphrase } = settings;
  const isPassing = settings.stateDir === undefined && keypairPath === undefined;
  const path = isPassing
    ? mkdtempSync(join(tmpdir(), `agent-mesh-${name}-`))
    : (settings.stateDir ?? `${keypairPath}.state`);
  const state = stateDir(path);
  const disk = keypairPath === undefined ? fileSystem : withKeyAt(resolve(keypairPath), keyFile(state.path));
  const found = findAgent(state, disk, name);
  const ports = { ...base, passphrase, disk };
  return {
    state,
    disk,
    isPassing,
    card: found.card,
    beginsAnew: found.secrets !== undefined && !found.isNew,
    async prepare() {
      if (found.isNew) {
        const agent = { name, displayName: settings.displayName, endpoints: [], secrets: found.secrets };
        await createFirstAgent(state, agent, { ...ports, force: false });
      } else if (found.card !== undefined && !disk.exists(cardFile(state.path))) {
        await saveCard({ dir: state.path, card: verifyCard(found.card, { now: 0 }) }, disk);
      }
    },
    leave() {
      if (isPassing) rmSync(path, { recursive: true, force: true });
    },
  };
}

interface Found {
  readonly card: Card | undefined;
  /** Made just now, or read from a key file that has no card. */
  readonly secrets?: AgentSecrets;
  readonly isNew: boolean;
}

function findAgent(state: StateDir, disk: AgentDisk, name: string): Found {
  disk.makeFolder(state.path);
  const [key, cardPath] = [keyFile(state.path), cardFile(state.path)];
  if (disk.exists(cardPath)) return { card: cardOf(disk, cardPath, { name, path: state.path }), isNew: false };
  if (!disk.exists(key)) {
    const secrets = createSecrets({ ...base, now: base.clock.now() });
    return { card: firstCard(secrets, name), secrets, isNew: true };
  }
  const secrets = readOpen(disk, key);
  return secrets === undefined
    ? { card: undefined, isNew: false }
    : { card: firstCard(secrets, name), secrets, isNew: false };
}

/** An expired card is still one: only its form is needed to know who it is. */
function cardOf(disk: AgentDisk, path: string, wanted: { readonly name: string; readonly path: string }): Card {
  let card: Card;
  try {
    card = verifyCard(parseCard(disk.read(path)), { now: 0 });
  } catch (cause) {
    throw new MeshError('KEY_FILE_UNREADABLE', `${path} is damaged: ${codeOf(cause)}`, { cause });
  }
  if (card.name === wanted.name) return card;
  throw new MeshError('INVALID_ARGUMENT', `${wanted.path} belongs to the agent ${card.name}, not to ${wanted.name}`, {
    hint: 'Give each agent a folder of its own.',
  });
}

const firstCard = (secrets: AgentSecrets, name: string): Card =>
  makeCard(secrets, { name, endpoints: [], capabilities: [], seq: 1 }, base);

function readOpen(disk: AgentDisk, key: string): AgentSecrets | undefined {
  try {
    return decodeOpenKeystore(fromUtf8(disk.read(key)));
  } catch (error) {
    if (codeOf(error) === 'PASSPHRASE_REQUIRED') return undefined;
    throw error;
  }
}

/** The key file of the folder lies somewhere else. */
function withKeyAt(path: string, key: string): AgentDisk {
  const at = (asked: string): string => (asked === key ? path : asked);
  return {
    ...fileSystem,
    exists: (asked) => existsSync(at(asked)),
    rename: (from, to) => fileSystem.rename(at(from), from === key ? to.replace(key, path) : to),
    read: (asked) => fileSystem.read(at(asked)),
    readKey: (asked) => fileSystem.readKey(at(asked)),
    async writeKey(asked, text) {
      mkdirSync(dirname(at(asked)), { recursive: true, mode: 0o700 });
      await fileSystem.writeKey(at(asked), text);
    },
  };
}
