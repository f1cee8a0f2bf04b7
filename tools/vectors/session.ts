import type { MLSMessage } from 'ts-mls';
import { encodeDeviceCertificate } from '#identity';
import { fromHex, toHex, toUtf8 } from '#kernel';
import { createPair } from '../../src/session/create-pair.ts';
import { withNumber } from '../../src/session/frame-number.ts';
import { joinPair } from '../../src/session/join-pair.ts';
import { createOwnKeyPackage } from '../../src/session/key-package.ts';
import { createApplicationMessage, createCommit } from '../../src/session/mls.ts';
import type { OwnKeyPackage, SecureSession, SessionSelf } from '../../src/session/secure-session.ts';
import { encodePrivateMessage } from '../../src/session/wire.ts';
import {
  alice,
  at,
  bob,
  commitOnce,
  contextOf,
  mallory,
  now,
  sealAll,
  stolenState,
} from '../../test/support/session-fixtures.ts';
import type { VectorFile } from './seeds.ts';

const context = contextOf('vectors');
const { suite } = context;

// Valid cases from which others take the fields that they lack.
const creator = 'the creator opens a commit and what was sealed after it';
const joiner = 'the joiner takes the welcome';

const selfHex = ({ agentId, device, certificate }: SessionSelf) => ({
  agentId,
  deviceSeed: toHex(device.seed),
  certificate: toHex(encodeDeviceCertificate(certificate)),
});

const flip = (bytes: Uint8Array, index: number): Uint8Array => bytes.map((byte, i) => (i === index ? byte ^ 1 : byte));

/** What was stored and sent: in epoch 5, when a frame of Alice's is under way, Bob commits, and seals in epoch 6. */
interface Scene {
  readonly own: OwnKeyPackage;
  readonly welcome: Uint8Array;
  readonly groupId: string;
  readonly storedByAlice: string;
  /** Before and after his commit. */
  readonly storedByBob: readonly [string, string];
  readonly late: Uint8Array;
  readonly commit: Uint8Array;
  readonly after: readonly Uint8Array[];
  /** Sealed by Alice in epoch 6, behind the frame that is under way. */
  readonly behind: Uint8Array;
  readonly forged: Uint8Array;
  /** By Bob in place of the first frame after his commit: with the number of the second, and with none. */
  readonly misnumbered: readonly [Uint8Array, Uint8Array];
  readonly outOfTurn: Uint8Array;
}

async function play(): Promise<Scene> {
  const own = await createOwnKeyPackage(context, bob, now);
  const made = await createPair(context, { self: alice, peer: bob.agentId, keyPackage: own.publicBytes, now });
  const { welcome } = made;
  let a: SecureSession = made.session;
  let b = await joinPair(context, { self: bob, peer: alice.agentId, welcome, keyPackage: own, now });
  for (let i = 0; i < 4; i += 1) [a, b] = await commitOnce(a, b);
  const late = await sealAll(a, ['sealed before the commit']);
  const bobsTurn = toHex(b.encode());
  const commit = await b.commit(now + 1000);
  const bobsStored = toHex(commit.next.encode());
  const bobAfterCommit = stolenState(commit.next, bob);
  const numbered = async (plaintext: Uint8Array): Promise<Uint8Array> =>
    encodePrivateMessage((await createApplicationMessage(bobAfterCommit, plaintext, suite)).privateMessage);
  const after = await sealAll(commit.next, ['sealed after the commit', '']);
  const asMallory = { ...bobAfterCommit, signaturePrivateKey: mallory.device.seed };
  const forged = await createApplicationMessage(asMallory, withNumber(0, toUtf8('forged')), suite);
  const followed = await late.next.open(commit.bytes, now + 1000);
  const behind = await sealAll(followed.next, ['sealed behind it']);
  const outOfTurn = await createCommit({ state: stolenState(late.next, alice), cipherSuite: suite });
  return {
    own,
    welcome,
    groupId: a.groupId,
    storedByAlice: toHex(late.next.encode()),
    storedByBob: [bobsTurn, bobsStored],
    late: at(late.frames, 0),
    commit: commit.bytes,
    after: after.frames,
    behind: at(behind.frames, 0),
    forged: encodePrivateMessage(forged.privateMessage),
    misnumbered: [await numbered(withNumber(1, toUtf8('sealed after the commit'))), await numbered(toUtf8('none'))],
    outOfTurn: privateBytes(outOfTurn.commit),
  };
}

function privateBytes(message: MLSMessage): Uint8Array {
  if (message.wireformat !== 'mls_private_message') throw new TypeError('commits are private');
  return encodePrivateMessage(message.privateMessage);
}

function validCases(scene: Scene): VectorFile['valid'] {
  const { groupId, own, welcome, after } = scene;
  const opens = (frame: Uint8Array, text: string) => ({ frame: toHex(frame), opens: toHex(toUtf8(text)) });
  const asAlice = { self: selfHex(alice), peer: bob.agentId, now };
  const asBob = { self: selfHex(bob), peer: alice.agentId, now };
  return [
    {
      name: joiner,
      operation: 'join',
      ...asBob,
      keyPackage: toHex(own.publicBytes),
      secretHalf: toHex(own.privateBytes),
      welcome: toHex(welcome),
      refs: [own.ref],
      groupId,
    },
    {
      name: creator,
      operation: 'open',
      ...asAlice,
      stored: scene.storedByAlice,
      groupId,
      epoch: 5,
      frames: [
        { frame: toHex(scene.commit), opens: 'commit' },
        opens(at(after, 0), 'sealed after the commit'),
        opens(at(after, 1), ''),
      ],
      epochAfter: 6,
    },
    {
      name: 'the joiner opens a frame of the epoch before its commit',
      operation: 'open',
      ...asBob,
      stored: scene.storedByBob[1],
      groupId,
      epoch: 6,
      frames: [opens(scene.late, 'sealed before the commit'), opens(scene.behind, 'sealed behind it')],
      epochAfter: 6,
    },
  ];
}

interface Frames {
  readonly frame: Uint8Array;
  readonly opened?: readonly Uint8Array[];
}

function refusedFrames(scene: Scene): VectorFile['invalid'] {
  const { commit, after, late, forged, misnumbered } = scene;
  const refused = (name: string, error: string, { frame, opened = [] }: Frames) => {
    return { name, like: creator, opened: opened.map(toHex), frame: toHex(frame), error };
  };
  const [first, second] = [at(after, 0), at(after, 1)];
  const next = (frame: Uint8Array): Frames => ({ opened: [commit], frame });
  return [
    refused('a frame of an epoch that has not come', 'SESSION_BROKEN', { frame: first }),
    refused('a frame for the second time', 'SESSION_REPLAY', { opened: [commit, first], frame: first }),
    refused('a frame before the one that is next', 'SESSION_BROKEN', next(second)),
    refused('a frame with another number than the next', 'SESSION_BROKEN', next(misnumbered[0])),
    refused('a frame without a number', 'SESSION_BROKEN', next(misnumbered[1])),
    refused('the own frame', 'SESSION_REPLAY', { frame: late }),
    refused('a changed byte in the text', 'SESSION_BROKEN', next(flip(first, first.length - 1))),
    refused('a changed byte in the group id', 'SESSION_BROKEN', next(flip(first, 5))),
    refused('a byte cut off', 'SESSION_BROKEN', next(first.subarray(0, -1))),
    refused('not signed by the device key', 'SIGNATURE_INVALID', next(forged)),
    {
      ...refused('a frame before one of an earlier epoch', 'SESSION_BROKEN', { frame: scene.behind }),
      ...asBob(scene.storedByBob[1]),
    },
    {
      ...refused('a commit out of turn', 'SESSION_BROKEN', { frame: scene.outOfTurn }),
      ...asBob(scene.storedByBob[0]),
    },
  ];
}

const asBob = (stored: string) => ({ self: selfHex(bob), peer: alice.agentId, stored });

function refusedStates({ storedByAlice }: Scene): VectorFile['invalid'] {
  const stored = fromHex(storedByAlice);
  const broken = { like: creator, operation: 'load', error: 'SESSION_BROKEN' };
  const put = (index: number, value: number) => toHex(stored.map((byte, i) => (i === index ? value : byte)));
  return [
    { name: 'a stored session of another format version', ...broken, stored: put(0, 1) },
    { name: 'a stored session of another suite', ...broken, stored: put(2, 83) },
    { name: 'a stored session that is cut', ...broken, stored: toHex(stored.subarray(0, 1000)) },
    { name: 'a stored session with another peer', ...broken, peer: mallory.agentId },
  ];
}

function refusedWelcomes({ own, welcome }: Scene): VectorFile['invalid'] {
  const changed = { cut: welcome.subarray(0, -1), flipped: flip(welcome, 2000) };
  return [
    { name: 'a welcome of another creator', like: joiner, peer: mallory.agentId, error: 'CERTIFICATE_INVALID' },
    { name: 'a welcome for a key package that is over', like: joiner, now: own.expiresAt, error: 'KEY_PACKAGE_STALE' },
    { name: 'a welcome that is cut', like: joiner, welcome: toHex(changed.cut), error: 'SESSION_BROKEN' },
    { name: 'a welcome with a changed byte', like: joiner, welcome: toHex(changed.flipped), error: 'SESSION_BROKEN' },
  ];
}

const scene = await play();

export const sessionVectors: VectorFile = {
  spec: 'spec/05-sessions.md 5.4, 5.5, 5.6, 5.7, 5.10',
  description:
    'A welcome to join, and sessions as they are stored with frames that open in them in this order (`commit`: a change of keys). ' +
    '`opened` are frames that came before. `like` names the valid case that has the fields which a case lacks.',
  valid: validCases(scene),
  invalid: [...refusedFrames(scene), ...refusedStates(scene), ...refusedWelcomes(scene)],
};
