import {
  type CiphersuiteImpl,
  type ClientState,
  type Credential,
  defaultAuthenticationService,
  encodeMlsMessage,
  type KeyPackage,
  type MLSMessage,
  type PrivateMessage,
  type Proposal,
} from 'ts-mls';
import { beforeEach, describe, expect, it } from 'vitest';
import { codeOf, defaultLimits, fromUtf8 } from '#kernel';
import { issueDeviceCertificate, type KeyPair, keyPairFromSeed } from '#identity';
import {
  alice,
  bob,
  codeOfOpening,
  contextOf,
  mallory,
  newPair,
  now,
  openText,
  pairAfter,
  sealAll,
  selfOf,
  stolenState,
} from '../../test/support/session-fixtures.ts';
import { clientConfig } from './client-config.ts';
import { credentialOf } from './credential.ts';
import { makeKeyPackage } from './key-package.ts';
import { anyClock } from './lifetime.ts';
import { createCommit, emptyPskIndex, processPrivateMessage } from './mls.ts';
import { checkAgents, checkSameRoster, rosterOf } from './roster.ts';
import type { SecureSession } from './secure-session.ts';
import { encodePrivateMessage } from './wire.ts';

const context = contextOf('manipulated');
const { suite } = context;

// Alice runs a manipulated program: it is her turn, and she may put into a commit whatever the library lets her.
let a: SecureSession;
let b: SecureSession;
let hers: ClientState;
let his: ClientState;

beforeEach(async () => {
  ({ a, b } = await pairAfter(1));
  // Both without our guards: they trust every credential, and take every commit.
  const trusting = clientConfig(defaultLimits, defaultAuthenticationService);
  hers = { ...stolenState(a, alice), clientConfig: trusting };
  his = { ...stolenState(b, bob), clientConfig: trusting };
});

/** Bob refuses the commit, and his session goes on as if nothing had come. */
async function expectRefused(commit: MLSMessage, code = 'SESSION_BROKEN'): Promise<void> {
  expect(await codeOfOpening(b, encodePrivateMessage(privateIn(commit)))).toBe(code);
  const { frames } = await sealAll(a, ['still the two of us']);
  expect((await openText(b, frames[0] ?? new Uint8Array(0))).text).toBe('still the two of us');
}

/** What the same commit does to the library alone. */
async function withoutGuards(commit: MLSMessage): Promise<ClientState> {
  const { newState } = await processPrivateMessage(his, privateIn(commit), emptyPskIndex, suite);
  return newState;
}

const commitWith = (...extraProposals: Proposal[]) =>
  createCommit({ state: hers, cipherSuite: suite }, { extraProposals });

describe('a commit between two agents', () => {
  it('that only changes keys is accepted', async () => {
    const { commit } = await commitWith();
    expect(await codeOfOpening(b, encodePrivateMessage(privateIn(commit)))).toBe('opened');
  });

  it('cannot add a third member', async () => {
    const { publicPackage } = await makeKeyPackage(context, mallory, now);
    const { commit } = await commitWith({ proposalType: 'add', add: { keyPackage: forAnyClock(publicPackage) } });
    await expectRefused(commit);
    expect(leavesOf(await withoutGuards(commit))).toBe(3);
  });

  it('cannot remove the other', async () => {
    const { commit } = await commitWith({ proposalType: 'remove', remove: { removed: 1 } });
    await expectRefused(commit);
    expect((await withoutGuards(commit)).groupActiveState.kind).toBe('removedFromGroup');
  });

  it('cannot change the extensions of the group', async () => {
    const extensions = [{ extensionType: 'external_senders' as const, extensionData: externalSender() }];
    const { commit } = await commitWith({
      proposalType: 'group_context_extensions',
      groupContextExtensions: { extensions },
    });
    await expectRefused(commit);
    expect((await withoutGuards(commit)).groupContext.extensions).toHaveLength(1);
  });

  it('cannot begin the group anew', async () => {
    const reinit = { groupId: Uint8Array.of(1), version: 'mls10', cipherSuite: suite.name, extensions: [] } as const;
    const { commit } = await commitWith({ proposalType: 'reinit', reinit: { ...reinit, extensions: [] } });
    await expectRefused(commit);
    expect((await withoutGuards(commit)).groupActiveState.kind).toBe('suspendedPendingReinit');
  });

  it('cannot be a public message', async () => {
    const { commit } = await createCommit({ state: hers, cipherSuite: suite }, { wireAsPublicMessage: true });
    expect(await codeOfOpening(b, encodeMlsMessage(commit))).toBe('SESSION_BROKEN');
  });

  it('cannot hand the place to another agent, even when that one certified the same device key', async () => {
    const root = keyPairFromSeed(new Uint8Array(32).fill(0xe0));
    const credential = credentialOf(certify(root, alice.device.publicKey));
    const { commit } = await commitAs({ credential, device: alice.device });
    await expectRefused(commit);
    const [creator] = rosterOf((await withoutGuards(commit)).ratchetTree);
    expect(creator.certificate.agentId).toBe(mallory.agentId);
  });

  it('cannot hand the place to another agent with its own device key', async () => {
    const { commit } = await commitAs({ credential: credentialOf(mallory.certificate), device: mallory.device });
    await expectRefused(commit);
    const [creator] = rosterOf((await withoutGuards(commit)).ratchetTree);
    expect(creator.certificate.agentId).toBe(mallory.agentId);
  });

  it('cannot bring a renewed device key of the same agent: that begins a new session', async () => {
    const renewed = selfOf({ root: 0xa1, device: 0xae });
    const { commit } = await commitAs({ credential: credentialOf(renewed.certificate), device: renewed.device });
    await expectRefused(commit);
    const [creator] = rosterOf((await withoutGuards(commit)).ratchetTree);
    expect(creator.certificate.devicePublicKey).toEqual(renewed.device.publicKey);
  });

  it('cannot bring a leaf that its device key did not sign', async () => {
    const device = { seed: mallory.device.seed, publicKey: alice.device.publicKey };
    const { commit } = await commitAs({ credential: credentialOf(alice.certificate), device });
    await expectRefused(commit, 'SIGNATURE_INVALID');
  });

  it('cannot bring a credential that is no device certificate', async () => {
    const credential = { credentialType: 'basic', identity: Uint8Array.of(1, 2, 3) } as const;
    const { commit } = await commitAs({ credential, device: alice.device });
    await expectRefused(commit);
  });
});

describe('the roster', () => {
  it('is the two agents, creator first', async () => {
    const pair = await newPair();
    const roster = rosterOf(stolenState(pair.a, alice).ratchetTree);
    expect(roster.map(({ certificate }) => certificate.agentId)).toEqual([alice.agentId, bob.agentId]);
    expect(codeThrownBy(() => checkAgents(roster, [bob.agentId, alice.agentId]))).toBe('SESSION_BROKEN');
    expect(codeThrownBy(() => checkAgents(roster, [alice.agentId, bob.agentId]))).toBe('nothing');
  });

  it('of one or three members is refused', async () => {
    const { ratchetTree } = hers;
    const alone = ratchetTree.slice(0, 1);
    const three = [...ratchetTree, undefined, ratchetTree[0], undefined, undefined];
    const blank = [ratchetTree[0], undefined, undefined];
    for (const tree of [alone, three, blank, []]) expect(codeThrownBy(() => rosterOf(tree))).toBe('SESSION_BROKEN');
    expect(codeThrownBy(() => rosterOf(ratchetTree))).toBe('nothing');
  });

  it('must be the same before and after', async () => {
    const swapped = [hers.ratchetTree[2], hers.ratchetTree[1], hers.ratchetTree[0]];
    expect(codeThrownBy(() => checkSameRoster(hers.ratchetTree, swapped))).toBe('SESSION_BROKEN');
    expect(codeThrownBy(() => checkSameRoster(hers.ratchetTree, his.ratchetTree))).toBe('nothing');
  });
});

interface Replacement {
  readonly credential: Credential;
  readonly device: KeyPair;
}

/** A commit whose new leaf has another credential and signature key; only the leaf is signed by the new key. */
function commitAs({ credential, device }: Replacement): ReturnType<typeof createCommit> {
  const [own, ...rest] = hers.ratchetTree;
  if (own?.nodeType !== 'leaf') throw new TypeError('leaf 0 is a leaf');
  const leaf = { ...own.leaf, credential, signaturePublicKey: device.publicKey };
  const cipherSuite: CiphersuiteImpl = {
    ...suite,
    signature: {
      ...suite.signature,
      sign: (key, message) => suite.signature.sign(isLeafNode(message) ? device.seed : key, message),
    },
  };
  return createCommit({ state: { ...hers, ratchetTree: [{ nodeType: 'leaf', leaf }, ...rest] }, cipherSuite });
}

/** What is signed begins with its length-prefixed label (RFC 9420 §5.1.2). */
const isLeafNode = (signed: Uint8Array): boolean => fromUtf8(signed.slice(1, 20)) === 'MLS 1.0 LeafNodeTBS';

const certify = (root: KeyPair, devicePublicKey: Uint8Array) =>
  issueDeviceCertificate({ root, devicePublicKey, notBefore: now - 1, notAfter: now + 1_000_000 });

const leavesOf = (state: ClientState): number => state.ratchetTree.filter((node) => node?.nodeType === 'leaf').length;

/** A sender outside the group, with a key and a basic credential (RFC 9420 §12.1.8.1). */
const externalSender = (): Uint8Array => Uint8Array.of(32, ...mallory.device.publicKey, 0, 1, 1, 0x6d);

/** The library's own program reads the machine's clock. */
const forAnyClock = (keyPackage: KeyPackage): KeyPackage => ({
  ...keyPackage,
  leafNode: { ...keyPackage.leafNode, lifetime: anyClock(keyPackage.leafNode.lifetime) },
});

function codeThrownBy(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing';
}

function privateIn(message: MLSMessage): PrivateMessage {
  if (message.wireformat !== 'mls_private_message') throw new TypeError('the message is public');
  return message.privateMessage;
}
