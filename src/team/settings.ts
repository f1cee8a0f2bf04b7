import { join, resolve } from 'node:path';
import { MeshError } from '#kernel';
import { type TeamGuardAction, teamGuardActions } from './team-guard.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface TeamPlace {
  readonly environment: Environment;
  readonly home: string;
  /** Where the command was started. */
  readonly cwd: string;
}

/** What the environment says about the team. Paths are absolute. */
export interface TeamSettings {
  /** The registry is the first of them that exists. */
  readonly registryFiles: readonly string[];
  readonly tokensFile: string;
  /** The key that this machine proves to gateways that do not run on it. */
  readonly deviceFile: string;
  /** Where `sync` looks for its source. */
  readonly sourceFile: string;
  /** MESH_MY_EMAIL */
  readonly myEmail?: string;
  /** In the order in which they are searched. */
  readonly userFiles: readonly string[];
  readonly ssoFile: string;
  readonly emailDomain: string;
  /** The program that tells a teammate whose agent cannot be reached. */
  readonly imFallback?: string;
  /** ws:// may be used for private addresses. */
  readonly allowPlaintext: boolean;
  readonly limits: MessageLimits;
  /** What is done about secrets on the way to a gateway. */
  readonly guard: TeamGuardAction;
}

/** Bytes of UTF-8 of what is said, without what is put around it. */
export interface MessageLimits {
  readonly softBytes: number;
  readonly hardBytes: number;
}

/** A gateway takes frames of 25 MB. */
const mostBytes = 16 * 1024 * 1024;
const defaultSoftBytes = 4096;
const defaultHardBytes = 8192;

/** Throws INVALID_CONFIG that names the variable. */
export function teamSettings({ environment, home, cwd }: TeamPlace): TeamSettings {
  const read = (name: string): string | undefined => {
    const value = environment[name]?.trim();
    return value === '' ? undefined : value;
  };
  const folder = join(read('XDG_CONFIG_HOME') ?? join(home, '.config'), 'agent-team-mesh');
  const openclaw = join(home, '.openclaw');
  const skill = join('skills', 'agent-team-mesh', 'references', 'registry.json');
  const registry = read('MESH_REGISTRY_FILE');
  const myEmail = read('MESH_MY_EMAIL');
  const imFallback = read('MESH_IM_FALLBACK');
  return {
    registryFiles:
      registry === undefined
        ? [join(folder, 'registry.json'), join(openclaw, 'workspace', skill), join(openclaw, skill)]
        : [resolve(cwd, registry)],
    tokensFile: resolve(cwd, read('MESH_TOKENS_FILE') ?? join(folder, 'tokens.json')),
    deviceFile: join(folder, 'device.pem'),
    sourceFile: join(folder, 'sync.json'),
    ...(myEmail === undefined ? {} : { myEmail }),
    userFiles: [
      join(openclaw, 'workspace', 'USER.md'),
      join(home, '.config', 'agent-team-mesh', 'USER.md'),
      join(cwd, 'USER.md'),
    ],
    ssoFile: join(home, 'sso.json'),
    emailDomain: domainOf(read('MESH_EMAIL_DOMAIN') ?? 'example.com'),
    ...(imFallback === undefined || imFallback === 'none' ? {} : { imFallback: resolve(cwd, imFallback) }),
    allowPlaintext: read('OPENCLAW_ALLOW_INSECURE_PRIVATE_WS') === '1',
    limits: limitsOf(read),
    guard: guardOf(read('MESH_TEAM_GUARD') ?? 'block'),
  };
}

function limitsOf(read: (name: string) => string | undefined): MessageLimits {
  const hardBytes = bytesOf('MESH_MSG_HARD_LIMIT', read('MESH_MSG_HARD_LIMIT'), defaultHardBytes);
  const softBytes = bytesOf('MESH_MSG_SOFT_LIMIT', read('MESH_MSG_SOFT_LIMIT'), Math.min(defaultSoftBytes, hardBytes));
  if (softBytes <= hardBytes) return { softBytes, hardBytes };
  const text = `MESH_MSG_SOFT_LIMIT (${softBytes}) is more than MESH_MSG_HARD_LIMIT (${hardBytes})`;
  throw new MeshError('INVALID_CONFIG', text, {
    hint: 'The soft limit warns and the hard limit blocks: make the hard one at least as large.',
  });
}

function guardOf(text: string): TeamGuardAction {
  const action = teamGuardActions.find((one) => one === text);
  if (action !== undefined) return action;
  throw new MeshError(
    'INVALID_CONFIG',
    `MESH_TEAM_GUARD: ${JSON.stringify(text)} is none of ${teamGuardActions.join(', ')}`,
    {
      hint: 'block sends no secret, label says that there is one, off looks at nothing. Without the variable it is block.',
    },
  );
}

function bytesOf(name: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const bytes = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (bytes >= 1 && bytes <= mostBytes) return bytes;
  throw new MeshError(
    'INVALID_CONFIG',
    `${name}: ${JSON.stringify(text)} is not a number of bytes from 1 to ${mostBytes}`,
    {
      hint: `Write a whole number: export ${name}=${usual}. Without the variable it is ${usual}.`,
    },
  );
}

function domainOf(text: string): string {
  if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)) return text.toLowerCase();
  throw new MeshError('INVALID_CONFIG', `MESH_EMAIL_DOMAIN: ${JSON.stringify(text)} is not a domain`, {
    hint: 'Write what stands behind the @: export MESH_EMAIL_DOMAIN=example.com',
  });
}
