import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { MeshError, shellWord } from '#kernel';
import { agentCards } from '../agent-files.ts';
import type { NodeConfig, RuntimeConfig } from '../config.ts';
import { readConfig } from '../read-config.ts';
import type { StateDir } from '../state-dir.ts';
import type { Finding } from './finding.ts';

export interface ConfigExamined {
  /** Absent when mesh.toml cannot be read. */
  readonly config?: NodeConfig;
  readonly findings: readonly Finding[];
}

/** mesh.toml, and whether what it names is there and can be used. Programs are looked for, not started. */
export async function examineConfig(state: StateDir, searchPath: string): Promise<ConfigExamined> {
  try {
    const config = await readConfig(state.config);
    const base = dirname(state.config);
    return {
      config,
      findings: [
        ...strangers(state, config),
        ...(config.passphraseFile === undefined
          ? []
          : secretFile(config.passphraseFile, passphraseFix(config.passphraseFile))),
        ...Object.entries(config.agents).flatMap(([name, agent]) => runtimeFindings(name, agent, { base, searchPath })),
      ],
    };
  } catch (error) {
    const { message, hint } = error instanceof MeshError ? error : new MeshError('INVALID_CONFIG', String(error));
    const fix = `Correct it, then restart the node: \${EDITOR:-vi} ${shellWord(state.config)}`;
    return { findings: [{ check: 'config', severity: 'error', message, meaning: hint, fix }] };
  }
}

function strangers(state: StateDir, config: NodeConfig): readonly Finding[] {
  const names = cardNames(state);
  return Object.keys(config.agents)
    .filter((name) => names !== undefined && !names.includes(name))
    .map((name) => ({
      check: 'config',
      severity: 'error',
      message: `${state.config} has settings for an agent ${name}, which is not here`,
      meaning: 'The node does not start: the settings may be meant for another name.',
      fix: `Correct the name (here: ${names?.join(', ') ?? ''}), or add it: mesh agent add ${name}`,
    }));
}

function cardNames(state: StateDir): readonly string[] | undefined {
  try {
    return agentCards(state).map(({ card }) => card.name);
  } catch {
    return undefined;
  }
}

const passphraseFix = (path: string): string =>
  `Write the passphrase into it as its first line: (umask 077; \${EDITOR:-vi} ${shellWord(path)})`;

interface Places {
  readonly base: string;
  /** PATH. */
  readonly searchPath: string;
}

function runtimeFindings(name: string, agent: RuntimeConfig, { base, searchPath }: Places): readonly Finding[] {
  if (agent.runtime === 'webhook' && agent.secretFile !== undefined) {
    const path = resolve(base, agent.secretFile);
    return secretFile(path, `Make it: (umask 077; openssl rand -hex 32 > ${shellWord(path)})`);
  }
  if (agent.runtime === 'openclaw') return gatewayFindings(agent, base);
  const [program] = agent.command ?? [];
  if (agent.runtime !== 'command' || program === undefined) return [];
  const cwd = agent.cwd === undefined ? base : resolve(base, agent.cwd);
  const meaning = `Every message for ${name} fails, and after five attempts it is given up.`;
  if (!existsSync(cwd)) {
    const message = `The folder ${cwd}, in which the program of ${name} should run, does not exist`;
    return [{ check: 'runtime', severity: 'error', message, meaning, fix: `mkdir -p ${shellWord(cwd)}` }];
  }
  const missing = [
    ...(findProgram(program, { cwd, searchPath }) ? [] : [program]),
    // `python3 handler.py`: an argument that names a file beside mesh.toml.
    ...(agent.command ?? []).slice(1).filter((word) => isScript(word) && !existsSync(resolve(cwd, word))),
  ];
  return missing.map((word) => ({
    check: 'runtime',
    severity: 'error',
    message: `The program of ${name}, ${word}, is not there or may not be run`,
    meaning,
    fix: `${remedyOf(word, cwd)}, or correct command under [agents.${name}] in mesh.toml`,
  }));
}

const gatewayFindings = ({ tokenFile, hookTokenFile }: RuntimeConfig, base: string): readonly Finding[] =>
  [tokenFile, hookTokenFile]
    .filter((path) => path !== undefined)
    .map((path) => resolve(base, path))
    .flatMap((path) =>
      secretFile(path, `Write the token of the gateway into it: (umask 077; cat > ${shellWord(path)})`),
    );

function remedyOf(word: string, cwd: string): string {
  if (!word.includes('/') && !isScript(word)) return `Install ${word}, so that it is found in PATH`;
  const path = resolve(cwd, word);
  return existsSync(path) ? `chmod +x ${shellWord(path)}` : `Put it there: ${shellWord(path)}`;
}

const isScript = (word: string): boolean => /^[\w./-]+\.(py|sh|js|mjs|cjs|ts|rb|pl)$/.test(word);

/** As the system finds it: by its path, or in the folders of PATH. */
function findProgram(
  program: string,
  { cwd, searchPath }: { readonly cwd: string; readonly searchPath: string },
): boolean {
  if (isAbsolute(program) || program.includes('/')) return isExecutable(resolve(cwd, program));
  return searchPath.split(delimiter).some((folder) => folder !== '' && isExecutable(join(folder, program)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function secretFile(path: string, fix: string): readonly Finding[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    const message = `${path}, which mesh.toml names, does not exist`;
    return [{ check: 'config', severity: 'error', message, meaning: 'The node does not start without it.', fix }];
  }
  if (process.platform === 'win32' || (found.mode & 0o077) === 0) return [];
  return [
    {
      check: 'keys',
      severity: 'error',
      message: `${path}, which holds a secret, can be read by other users`,
      meaning: 'Whoever reads it can do what it protects.',
      fix: `chmod 600 ${shellWord(path)}`,
    },
  ];
}
