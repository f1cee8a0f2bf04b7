import { toHex, type Random } from '#kernel';
import { type Environment, type LocalGateway, secretIn } from './find-gateway.ts';
import { type Path, valueAt, withValue } from './json5-edit.ts';

/** One value that is written into `openclaw.json`. */
export interface ConfigEdit {
  readonly path: Path;
  readonly value: unknown;
  /** What stood there; absent when nothing did. */
  readonly before?: unknown;
  readonly isSecret?: true;
}

export interface HooksPlan {
  readonly edits: readonly ConfigEdit[];
  readonly token: string;
  /** `/hooks/agent` */
  readonly hook: string;
}

/** The keys that the sessions of peers get. */
const ourPrefix = 'hook:mesh:';
const tokenBytes = 32;

interface Wanted {
  readonly gatewayAgent: string;
  readonly random: Random;
  readonly environment: Environment;
}

/** What the gateway needs to take messages by its hooks, and nothing that it has already. */
export function planHooks({ config }: LocalGateway, { gatewayAgent, random, environment }: Wanted): HooksPlan {
  const at = (key: string): unknown => valueAt(config, ['hooks', key]);
  const token = secretIn(at('token'), environment);
  const made = token ?? toHex(random.bytes(tokenBytes));
  const prefixes = listIn(at('allowedSessionKeyPrefixes'));
  const isAllowed = prefixes?.some((prefix) => ourPrefix.startsWith(prefix.toLowerCase())) ?? false;
  const agents = listIn(at('allowedAgentIds'));
  const mayRun = agents === undefined || agents.includes(gatewayAgent) || agents.includes('*');
  const wanted: readonly (readonly [key: string, value: unknown, isNeeded: boolean])[] = [
    ['enabled', true, at('enabled') !== true],
    ['token', made, token === undefined],
    ['allowRequestSessionKey', true, at('allowRequestSessionKey') !== true],
    // Hooks of others get keys that begin with `hook:` when nothing else is said.
    ['allowedSessionKeyPrefixes', prefixes?.length ? [...prefixes, ourPrefix] : ['hook:'], !isAllowed],
    ['allowedAgentIds', [...(agents ?? []), gatewayAgent], !mayRun],
  ];
  const edits = wanted
    .filter(([, , isNeeded]) => isNeeded)
    .map(([key, value]): ConfigEdit => ({
      path: ['hooks', key],
      value,
      ...(at(key) === undefined ? {} : { before: at(key) }),
      ...(key === 'token' ? { isSecret: true as const } : {}),
    }));
  const base = at('path');
  return { edits, token: made, hook: `${hookBase(typeof base === 'string' ? base : '/hooks')}/agent` };
}

/** Undefined when the text is written in a way that cannot be changed so. */
export function withEdits(text: string, edits: readonly ConfigEdit[]): string | undefined {
  return edits.reduceRight<string | undefined>(
    (changed, { path, value }) => (changed === undefined ? undefined : withValue(changed, path, value)),
    text,
  );
}

const listIn = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string' && one.trim() !== '') : undefined;

const hookBase = (path: string): string => `/${path.replaceAll(/^\/+|\/+$/g, '')}`;
