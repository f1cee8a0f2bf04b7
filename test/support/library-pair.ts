import {
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  defaultCapabilities,
  generateKeyPackage,
  type KeyPackage,
  type PrivateKeyPackage,
  type PrivateMessage,
  type Welcome,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { toUtf8 } from '#kernel';
import {
  createApplicationMessage,
  createCommit,
  createGroup,
  emptyPskIndex,
  joinGroup,
  processPrivateMessage,
} from '../../src/session/mls.ts';

/**
 * Two members on the bare library, with its own defaults where nothing else is said: shows what happens without our
 * guards.
 */
export interface LibraryPair {
  readonly a: ClientState;
  readonly b: ClientState;
  readonly joining: {
    readonly welcome: Welcome;
    readonly publicPackage: KeyPackage;
    readonly privatePackage: PrivateKeyPackage;
  };
}

const everyTime = { notBefore: 0n, notAfter: 9_223_372_036_854_775_807n };

export const libraryKeyPackage = (suite: CiphersuiteImpl, name: string) =>
  generateKeyPackage({ credentialType: 'basic', identity: toUtf8(name) }, defaultCapabilities(), everyTime, [], suite);

export const libraryConfig = (changed: Partial<ClientConfig['keyRetentionConfig']>): ClientConfig => ({
  ...defaultClientConfig,
  keyRetentionConfig: { ...defaultClientConfig.keyRetentionConfig, ...changed },
});

export async function libraryPair(
  suite: CiphersuiteImpl,
  config: ClientConfig = defaultClientConfig,
): Promise<LibraryPair> {
  const creator = await libraryKeyPackage(suite, 'a');
  const { publicPackage, privatePackage } = await libraryKeyPackage(suite, 'b');
  const alone = await createGroup(toUtf8('group'), creator.publicPackage, creator.privatePackage, [], suite, config);
  const { newState, welcome } = await createCommit(
    { state: alone, cipherSuite: suite },
    { extraProposals: [{ proposalType: 'add', add: { keyPackage: publicPackage } }], ratchetTreeExtension: true },
  );
  if (welcome === undefined) throw new TypeError('a commit that adds a member has a welcome');
  const b = await joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, suite, undefined, undefined, config);
  return { a: newState, b, joining: { welcome, publicPackage, privatePackage } };
}

/** The first one adds all others at once. */
export async function libraryGroup(
  suite: CiphersuiteImpl,
  [first = '', ...rest]: readonly string[],
): Promise<{ readonly creator: ClientState; readonly joined: readonly ClientState[] }> {
  const config = defaultClientConfig;
  const creator = await libraryKeyPackage(suite, first);
  const others = await Promise.all(rest.map((name) => libraryKeyPackage(suite, name)));
  const alone = await createGroup(toUtf8('group'), creator.publicPackage, creator.privatePackage, [], suite, config);
  const { newState, welcome } = await createCommit(
    { state: alone, cipherSuite: suite },
    {
      extraProposals: others.map(({ publicPackage }) => ({
        proposalType: 'add' as const,
        add: { keyPackage: publicPackage },
      })),
      ratchetTreeExtension: true,
    },
  );
  if (welcome === undefined) throw new TypeError('a commit that adds members has a welcome');
  const joined = others.map(({ publicPackage, privatePackage }) =>
    joinGroup(welcome, publicPackage, privatePackage, emptyPskIndex, suite, undefined, undefined, config),
  );
  return { creator: newState, joined: await Promise.all(joined) };
}

export interface LibraryFrames {
  readonly state: ClientState;
  readonly frames: PrivateMessage[];
}

export async function librarySeal(
  suite: CiphersuiteImpl,
  from: ClientState,
  texts: readonly string[],
): Promise<LibraryFrames> {
  let state = from;
  const frames: PrivateMessage[] = [];
  for (const text of texts) {
    const made = await createApplicationMessage(state, toUtf8(text), suite);
    frames.push(made.privateMessage);
    state = made.newState;
  }
  return { state, frames };
}

export interface LibraryOpened {
  readonly state: ClientState;
  readonly text: string;
}

/** Rejects with the library's error. */
export async function libraryOpen(
  suite: CiphersuiteImpl,
  state: ClientState,
  frame: PrivateMessage,
): Promise<LibraryOpened> {
  const result = await processPrivateMessage(state, frame, emptyPskIndex, suite);
  if (result.kind !== 'applicationMessage') throw new TypeError('the frame holds no text');
  return { state: result.newState, text: new TextDecoder().decode(result.message) };
}
