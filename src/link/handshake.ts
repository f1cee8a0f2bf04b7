import { MeshError, type Random } from '#kernel';
import { type AgentId, followRotations } from '#identity';
import { type AuthTranscript, type LinkHello, negotiateVersion } from '#protocol';
import { checkProof, type LinkSelf, proofOf } from './handshake-proof.ts';
import type { HandshakeChannel } from './handshake-channel.ts';
import type { LinkPeer } from './link.ts';
import type { Credit } from './outgoing-frames.ts';

/** What both sides know when a handshake succeeded. */
export interface Established {
  readonly self: LinkSelf;
  readonly remote: LinkPeer;
  /** Of the link protocol: the highest that both speak. */
  readonly version: number;
}

export interface DialHandshake {
  readonly self: LinkSelf;
  /** What this side speaks. */
  readonly versions: readonly number[];
  /** Whom the dialler wants, by any of its ids. */
  readonly expect: AgentId;
  readonly random: Random;
  readonly maxHandshakeBytes: number;
  /** Throws to refuse the listener, once it is known who that is. */
  admit(remote: LinkPeer): void;
}

export interface AcceptHandshake {
  /** The local agent with this id, also when the id is an earlier one of it. */
  readonly agents: (agentId: AgentId) => LinkSelf | undefined;
  readonly versions: readonly number[];
  readonly random: Random;
  readonly maxHandshakeBytes: number;
}

/*
 * The order of a handshake (spec 6):
 *   dialler  hello { versions, nonce, to }
 *   listener hello { versions, nonce }, auth
 *   dialler  auth
 *   listener credit
 * The listener proves itself first: its id is public and the dialler named it, while the dialler tells its own id to
 * nobody but the agent that it wants. Both sign both hellos and their side, so that nothing signed here serves in
 * another handshake, for the other side, or towards another agent. The first credit is the listener's consent: without
 * it a dialler would take a refused link for an open one.
 */

/** The dialler's side. Throws HANDSHAKE_FAILED with `data: { expected, presented }` when another agent answers. */
export async function dialHandshake(
  channel: HandshakeChannel,
  options: DialHandshake,
): Promise<Established & { readonly credit: Credit }> {
  const { self } = options;
  const { dialler, listener, remote, version } = await callListener(channel, options);
  options.admit(remote);
  const ids = { listenerId: remote.agentId, diallerId: self.agentId };
  channel.send(proofOf(self, { dialler, listener, side: 'dialler', ...ids }, options.maxHandshakeBytes));
  const { frames, bytes } = await channel.next('credit');
  return { self, remote, version, credit: { frames, bytes } };
}

export interface Called {
  readonly dialler: LinkHello;
  readonly listener: LinkHello;
  readonly remote: LinkPeer;
  readonly version: number;
}

/** The first half, after which the dialler knows the listener and has told nothing of itself. */
export async function callListener(
  channel: HandshakeChannel,
  options: Pick<DialHandshake, 'expect' | 'random' | 'versions'>,
): Promise<Called> {
  const { expect } = options;
  const dialler = newHello(options, expect);
  channel.send(dialler);
  const listener = await channel.next('hello');
  const version = negotiateVersion(dialler.versions, listener.versions);
  const remote = checkProof(await channel.next('auth'), (listenerId) => ({
    dialler,
    listener,
    side: 'listener',
    listenerId,
  }));
  const presented = remote.agentId;
  if (followRotations(expect, remote.rotations) !== presented) {
    const text = `Another agent answers there: wanted ${expect}, found ${presented}`;
    throw new MeshError('HANDSHAKE_FAILED', text, { data: { expected: expect, presented } });
  }
  return { dialler, listener, remote, version };
}

/**
 * The listener's side. The caller grants credit or refuses. Throws UNKNOWN_AGENT when nobody here has the wanted id.
 */
export async function acceptHandshake(channel: HandshakeChannel, options: AcceptHandshake): Promise<Established> {
  const dialler = await channel.next('hello');
  const listener = newHello(options);
  // Sent before the versions are compared, so that both sides can say what does not fit.
  channel.send(listener);
  const version = negotiateVersion(listener.versions, dialler.versions);
  const self = dialler.to === undefined ? undefined : options.agents(dialler.to);
  if (self === undefined) throw new MeshError('UNKNOWN_AGENT', `No agent ${dialler.to ?? 'without an id'} lives here`);
  const listenerId = self.agentId;
  channel.send(proofOf(self, { dialler, listener, side: 'listener', listenerId }, options.maxHandshakeBytes));
  const transcriptOf = (diallerId: AgentId): AuthTranscript => ({
    dialler,
    listener,
    side: 'dialler',
    listenerId,
    diallerId,
  });
  const remote = checkProof(await channel.next('auth'), transcriptOf);
  if (remote.agentId === self.agentId) throw new MeshError('HANDSHAKE_FAILED', 'An agent does not link to itself');
  return { self, remote, version };
}

function newHello({ random, versions }: Pick<DialHandshake, 'random' | 'versions'>, to?: AgentId): LinkHello {
  return { op: 'hello', versions, nonce: random.bytes(32), ...(to === undefined ? {} : { to }) };
}
