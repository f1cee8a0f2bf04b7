import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { shellWord } from '#kernel';
import { verbNames } from './verb-names.ts';

/** The flags that every verb takes, resolved. */
export interface Settings {
  readonly json: boolean;
  readonly colours: boolean;
  /** Absolute path. */
  readonly stateDir: string;
  /** False when the folder must be named again for another call to find it. */
  readonly isDefaultStateDir: boolean;
  /** The folder of a hub on this machine. Absolute path. */
  readonly hubStateDir: string;
  readonly isDefaultHubStateDir: boolean;
  readonly agent?: string;
  /** Absolute path. */
  readonly passphraseFile?: string;
}

export interface GlobalFlags {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly stateDir?: string;
  readonly agent?: string;
  readonly passphraseFile?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The state folder is the flag's, else AGENT_MESH_HOME's, else OPENCLAW_AGENT_MESH_DIR's, else ~/.openclaw/agent-mesh; that of a hub the
 * flag's, else AGENT_MESH_HUB_HOME's, else ~/.openclaw/agent-mesh-hub.
 */
export function settingsOf(flags: GlobalFlags, environment: Environment): Settings {
  const standard = join(homedir(), '.openclaw', 'agent-mesh');
  const named = flags.stateDir ?? environment['AGENT_MESH_HOME'] ?? environment['OPENCLAW_AGENT_MESH_DIR'];
  const stateDir = resolve(named === undefined || named === '' ? standard : named);
  const hubStandard = join(homedir(), '.openclaw', 'agent-mesh-hub');
  const hubNamed = flags.stateDir ?? environment['AGENT_MESH_HUB_HOME'];
  const hubStateDir = resolve(hubNamed === undefined || hubNamed === '' ? hubStandard : hubNamed);
  return {
    json: flags.json === true,
    colours: flags.color !== false && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb',
    stateDir,
    isDefaultStateDir: stateDir === standard,
    hubStateDir,
    isDefaultHubStateDir: hubStateDir === hubStandard,
    ...(flags.agent === undefined ? {} : { agent: flags.agent }),
    ...(flags.passphraseFile === undefined ? {} : { passphraseFile: resolve(flags.passphraseFile) }),
  };
}

const commandPattern = new RegExp(String.raw`(?<![\w-])mesh (${verbNames.join('|')})(?![\w-])`, 'g');

/** Verbs about the whole node: it makes no difference which of its agents speaks. */
const nodeVerbs: ReadonlySet<string> = new Set([
  'init',
  'up',
  'down',
  'agent',
  'backup',
  'restore',
  'doctor',
  'pause',
  'resume',
]);
/** Verbs that open the keys; the others ask the running node, which has them. */
const keyVerbs: ReadonlySet<string> = new Set(['up', 'agent']);

/** Adds the flags in use to every `mesh VERB` of a hint, so that it can be pasted into a shell as it stands. */
export function pasteable(text: string, settings: Settings): string {
  return text.replace(commandPattern, (_, verb: string) => ['mesh', verb, ...flagsFor(verb, settings)].join(' '));
}

function flagsFor(verb: string, settings: Settings): readonly string[] {
  const { isDefaultStateDir, stateDir, agent, passphraseFile } = settings;
  if (verb === 'hub') return settings.isDefaultHubStateDir ? [] : ['--state-dir', shellWord(settings.hubStateDir)];
  return [
    ...(isDefaultStateDir ? [] : ['--state-dir', shellWord(stateDir)]),
    ...(agent === undefined || nodeVerbs.has(verb) ? [] : ['--agent', shellWord(agent)]),
    ...(passphraseFile === undefined || !keyVerbs.has(verb) ? [] : ['--passphrase-file', shellWord(passphraseFile)]),
  ];
}

export { shellWord };
