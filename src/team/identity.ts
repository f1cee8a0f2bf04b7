import { MeshError } from '#kernel';
import { readText } from './read-text.ts';
import type { TeamSettings } from './settings.ts';

/** Who of the team works on this machine, and what said so. */
export interface Identity {
  readonly email: string;
  /** What stands before the @, in lower case: the key of the registry. */
  readonly prefix: string;
  readonly layer: Layer;
  /** The variable, or the file. */
  readonly source: string;
}

export type Layer = 'MESH_MY_EMAIL' | 'USER.md' | 'sso.json';

/** A place that said nothing, and why. */
export interface SilentPlace {
  readonly layer: Layer;
  readonly place: string;
  readonly reason: string;
}

export interface Recognition {
  readonly identity?: Identity;
  /** Places that were asked before. */
  readonly silent: readonly SilentPlace[];
}

type Places = Pick<TeamSettings, 'myEmail' | 'userFiles' | 'ssoFile'>;
type Reader = (path: string) => Promise<string | undefined>;

/** The first of three layers that names an email: the variable, USER.md, sso.json. Throws INVALID_CONFIG when the variable holds none. */
export async function recognize(places: Places, read: Reader = readText): Promise<Recognition> {
  const { myEmail, userFiles, ssoFile } = places;
  if (myEmail !== undefined) {
    const source = 'MESH_MY_EMAIL';
    return { identity: identityOf(checkEmail(myEmail), { layer: source, source }), silent: [] };
  }
  const silent: SilentPlace[] = [{ layer: 'MESH_MY_EMAIL', place: 'MESH_MY_EMAIL', reason: 'not set' }];
  const files = [
    ...userFiles.map((path) => ({ layer: 'USER.md' as const, path, find: emailInUserFile })),
    { layer: 'sso.json' as const, path: ssoFile, find: emailInSso },
  ];
  for (const { layer, path, find } of files) {
    const found = await look(path, { read, find });
    if ('email' in found) return { identity: identityOf(found.email, { layer, source: path }), silent };
    silent.push({ layer, place: path, ...found });
  }
  return { silent };
}

/** The same, for what must not be done by nobody. Throws TEAM_IDENTITY_UNKNOWN, naming the places and what to write there. */
export async function requireIdentity(places: Places, read: Reader = readText): Promise<Identity> {
  const { identity, silent } = await recognize(places, read);
  if (identity !== undefined) return identity;
  throw new MeshError('TEAM_IDENTITY_UNKNOWN', 'Nothing on this machine says who of the team you are', {
    hint: [
      'Do one of these, with your own address:',
      '1. export MESH_MY_EMAIL=you@example.com',
      `2. a line "email: you@example.com" in one of: ${places.userFiles.join(', ')}`,
      `3. {"user": {"email": "you@example.com"}} in ${places.ssoFile}`,
    ].join(' '),
    data: { looked: silent },
  });
}

type Found = { readonly email: string } | { readonly reason: string };

interface Look {
  readonly read: Reader;
  readonly find: (text: string) => Found;
}

async function look(path: string, { read, find }: Look): Promise<Found> {
  try {
    const text = await read(path);
    return text === undefined ? { reason: 'no such file' } : find(text);
  } catch {
    return { reason: 'cannot be read' };
  }
}

const emailPattern = /[^\s@<>()[\]{}"'`,;:*|\\/]+@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/i;
/** `email: a@b`, also in a list, in bold, in brackets. */
const emailLine = /^[\s>*_+-]*(?:e-?mail|邮箱)[\s*_]*[:：](.*)$/gim;

function emailInUserFile(text: string): Found {
  for (const [, value = ''] of text.matchAll(emailLine)) {
    const email = emailPattern.exec(value.replace('mailto:', ''))?.[0];
    if (email !== undefined) return { email };
  }
  return { reason: 'no line "email: you@example.com"' };
}

function emailInSso(text: string): Found {
  const email = textAt(parse(text), ['user', 'email']);
  return email !== undefined && isEmail(email) ? { email } : { reason: 'no field user.email' };
}

function textAt(value: unknown, path: readonly string[]): string | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? value.trim() : undefined;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return textAt(Object.getOwnPropertyDescriptor(value, key)?.value, rest);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isEmail = (text: string): boolean => emailPattern.exec(text)?.[0] === text;

function checkEmail(text: string): string {
  if (isEmail(text)) return text;
  throw new MeshError('INVALID_CONFIG', `MESH_MY_EMAIL: ${JSON.stringify(text)} is not an email address`, {
    hint: 'Write it whole: export MESH_MY_EMAIL=you@example.com',
  });
}

const identityOf = (email: string, from: Pick<Identity, 'layer' | 'source'>): Identity => ({
  email,
  prefix: email.slice(0, email.lastIndexOf('@')).toLowerCase(),
  ...from,
});
