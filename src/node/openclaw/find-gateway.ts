import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { MeshError } from '#kernel';
import { Json5Fault, parseJson5 } from './json5.ts';
import { valueAt } from './json5-edit.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface WhereGateway {
  /** `openclaw.json`; without it where OpenClaw itself looks. */
  readonly config?: string | undefined;
  /** Holds the token of the gateway, when `openclaw.json` does not. */
  readonly tokenFile?: string | undefined;
  readonly environment: Environment;
}

/** The gateway of this machine, as its configuration says. */
export interface LocalGateway {
  readonly configPath: string;
  /** Of `openclaw.json`, as it stands there: it holds secrets. */
  readonly text: string;
  readonly mode: number;
  readonly config: unknown;
  /** `127.0.0.1:18789` */
  readonly host: string;
  readonly isTls: boolean;
  /** Undefined when it stands neither in the configuration nor in the environment. */
  readonly token: string | undefined;
}

const defaultPort = 18_789;

/** Throws OPENCLAW_NOT_FOUND, OPENCLAW_CONFIG_UNREADABLE. */
export function findGateway(where: WhereGateway): LocalGateway {
  const { environment } = where;
  const configPath = realPath(pathOf(where), where);
  const { text, config } = read(configPath);
  const port = Number(valueAt(config, ['gateway', 'port']) ?? environment['OPENCLAW_GATEWAY_PORT'] ?? defaultPort);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw unreadable(configPath, 'gateway.port is no port');
  return {
    configPath,
    text,
    mode: statSync(configPath).mode & 0o777,
    config,
    host: `127.0.0.1:${port}`,
    isTls: valueAt(config, ['gateway', 'tls', 'enabled']) === true,
    token: tokenOf(config, where),
  };
}

function pathOf({ config, environment }: WhereGateway): string {
  const { OPENCLAW_CONFIG_PATH: named, OPENCLAW_STATE_DIR: folder } = environment;
  if (config !== undefined) return resolve(config);
  if (named !== undefined && named !== '') return resolve(named);
  const home = folder === undefined || folder === '' ? join(homeOf(environment), '.openclaw') : resolve(folder);
  return join(home, 'openclaw.json');
}

const homeOf = ({ HOME }: Environment): string => (HOME === undefined || HOME === '' ? homedir() : HOME);

function realPath(path: string, { config }: WhereGateway): string {
  if (existsSync(path)) return realpathSync(path);
  const hint =
    config === undefined
      ? 'Name the file with --config PATH. Without OpenClaw there is nothing to connect: install it, and run openclaw onboard.'
      : 'Correct the path behind --config.';
  throw new MeshError('OPENCLAW_NOT_FOUND', `No OpenClaw gateway is set up here: ${path} does not exist`, { hint });
}

function read(path: string): { readonly text: string; readonly config: unknown } {
  try {
    const text = readFileSync(path, 'utf8');
    return { text, config: parseJson5(text).value };
  } catch (error) {
    // Nothing of the text is told: tokens stand in it.
    throw unreadable(path, error instanceof Json5Fault ? error.message : 'it cannot be opened');
  }
}

const unreadable = (path: string, problem: string): MeshError =>
  new MeshError('OPENCLAW_CONFIG_UNREADABLE', `${path}: ${problem}`, {
    hint: 'Correct it; what OpenClaw thinks of it says: openclaw config validate',
  });

/** As OpenClaw takes it: a text, `${NAME}`, or a reference to the environment; else what the environment says. */
function tokenOf(config: unknown, { tokenFile, environment }: WhereGateway): string | undefined {
  if (tokenFile !== undefined) return readToken(resolve(tokenFile));
  const isPassword = valueAt(config, ['gateway', 'auth', 'mode']) === 'password';
  const [key, name] = isPassword
    ? (['password', 'OPENCLAW_GATEWAY_PASSWORD'] as const)
    : (['token', 'OPENCLAW_GATEWAY_TOKEN'] as const);
  const token = secretIn(valueAt(config, ['gateway', 'auth', key]), environment) ?? environment[name];
  return token === '' ? undefined : token;
}

/** What a value that holds a secret comes to; undefined when only OpenClaw itself can get it. */
export function secretIn(value: unknown, environment: Environment): string | undefined {
  if (typeof value === 'string') {
    const [, name] = /^\$\{([A-Z_][A-Z0-9_]*)\}$/.exec(value) ?? [];
    return name === undefined ? value || undefined : environment[name];
  }
  const id = valueAt(value, ['id']);
  return valueAt(value, ['source']) === 'env' && typeof id === 'string' ? environment[id] : undefined;
}

function readToken(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw new MeshError('INVALID_ARGUMENT', `${path} cannot be read`, {
      hint: 'Name the file that holds the token of the gateway: --token-file FILE',
    });
  }
}
