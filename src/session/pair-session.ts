import type { ClientState, PrivateMessage, ProcessMessageResult } from 'ts-mls';
import { MeshError, toHex } from '#kernel';
import type { AgentId } from '#identity';
import { clientConfig } from './client-config.ts';
import type { SessionContext } from './context.ts';
import { authenticationFor } from './credential.ts';
import { overwrite, replacedSecrets, settle } from './epoch.ts';
import { withNumber, withoutNumber } from './frame-number.ts';
import { toSessionError } from './library-error.ts';
import { createApplicationMessage, createCommit, emptyPskIndex, processPrivateMessage } from './mls.ts';
import { checkSameRoster, otherSide, rosterOf, turnOf } from './roster.ts';
import type { OpenedStep, SealedStep, SecureSession, SessionStep } from './secure-session.ts';
import { type Counters, encodeState, type EpochCache, type PairState } from './state-codec.ts';
import { decodePrivateMessage, encodePrivateMessage } from './wire.ts';

/** What stays the same for as long as a session lives. */
interface Pair {
  readonly groupId: string;
  readonly agents: readonly [creator: AgentId, joiner: AgentId];
  readonly peerCertifiedUntil: number;
}

interface PairSessionOptions {
  readonly context: SessionContext;
  readonly pair: Pair;
  readonly state: PairState;
  readonly cache: EpochCache;
}

/** A session of two agents over MLS. Every step reads this value and makes another one. */
export class PairSession implements SecureSession {
  readonly groupId: string;
  readonly epoch: number;
  readonly peer: AgentId;
  readonly #context: SessionContext;
  readonly #pair: Pair;
  readonly #state: PairState;
  readonly #cache: EpochCache;
  #use: 'free' | 'in a step' | 'wiped' = 'free';

  private constructor({ context, pair, state, cache }: PairSessionOptions) {
    this.groupId = pair.groupId;
    this.epoch = Number(state.mls.groupContext.epoch);
    this.peer = pair.agents[otherSide(state.own)];
    this.#context = context;
    this.#pair = pair;
    this.#state = state;
    this.#cache = cache;
  }

  /** Throws SESSION_BROKEN unless the group is one of two members with device certificates. */
  static of(context: SessionContext, state: PairState, cache: EpochCache = {}): PairSession {
    const [creator, joiner] = rosterOf(state.mls.ratchetTree);
    const peer = state.own === 0 ? joiner : creator;
    const pair: Pair = {
      groupId: toHex(state.mls.groupContext.groupId),
      agents: [creator.certificate.agentId, joiner.certificate.agentId],
      peerCertifiedUntil: peer.certificate.notAfter,
    };
    return new PairSession({ context, pair, state, cache });
  }

  seal(plaintext: Uint8Array): Promise<SealedStep> {
    return this.#step('The batch cannot be sealed', async () => {
      const { mls, progress } = this.#state;
      const { newState, privateMessage, consumed } = await createApplicationMessage(
        mls,
        withNumber(progress.sealed, plaintext),
        this.#context.suite,
      );
      const bytes = encodePrivateMessage(privateMessage);
      const counters = this.#counted(bytes.length);
      const next = this.#nextInEpoch({
        mls: newState,
        counters,
        progress: { ...progress, sealed: progress.sealed + 1 },
      });
      return { bytes, next, wipe: () => this.#wipe(consumed) };
    });
  }

  open(bytes: Uint8Array, now: number): Promise<OpenedStep> {
    return this.#step<OpenedStep>('The frame cannot be opened', async () => {
      const message = decodePrivateMessage(bytes);
      this.#checkHeader(message, now);
      return message.contentType === 'commit' ? this.#openCommit(message, now) : this.#openFrame(message, bytes.length);
    });
  }

  rekeyDue(now: number): boolean {
    if (turnOf(this.epoch) !== this.#state.own) return false;
    // The joiner's leaf key was public for as long as its key package lay about: it is replaced before anything else
    // (spec 5.5).
    if (this.epoch === 1) return true;
    const { frames, bytes, epochStartedAt } = this.#state.counters;
    const { rekeyFrames, rekeyBytes, rekeyAfterMs } = this.#context.limits;
    return frames >= rekeyFrames || bytes >= rekeyBytes || now - epochStartedAt >= rekeyAfterMs;
  }

  async commit(now: number): Promise<SealedStep> {
    if (turnOf(this.epoch) !== this.#state.own) {
      throw new MeshError('WRONG_STATE', `In epoch ${this.epoch} it is the peer's turn to commit`);
    }
    return this.#step('The commit cannot be made', async () => {
      const { suite: cipherSuite } = this.#context;
      const { newState, commit, consumed } = await createCommit({ state: this.#mlsAt(now), cipherSuite });
      if (commit.wireformat !== 'mls_private_message')
        throw new MeshError('INTERNAL', 'The library made a public commit');
      return { bytes: encodePrivateMessage(commit.privateMessage), ...this.#nextEpoch({ newState, consumed, now }) };
    });
  }

  encode(): Uint8Array {
    if (this.#use === 'wiped') throw new MeshError('WRONG_STATE', 'This value of the session is wiped');
    return encodeState(this.#state, this.#cache);
  }

  async #openFrame(message: PrivateMessage, length: number): Promise<OpenedStep> {
    const result = await this.#process(this.#state.mls, message);
    // A proposal that waited for its commit would keep this side from sealing.
    if (result.kind !== 'applicationMessage') throw new MeshError('SESSION_BROKEN', 'The frame holds no batch');
    const { newState, message: numbered, consumed } = result;
    const { progress } = this.#state;
    const plaintext = withoutNumber(numbered, progress.opened);
    const counters = this.#counted(length);
    const next = this.#nextInEpoch({ mls: newState, counters, progress: { ...progress, opened: progress.opened + 1 } });
    return { kind: 'app', plaintext, next, wipe: () => this.#wipe(consumed) };
  }

  async #openCommit(message: PrivateMessage, now: number): Promise<OpenedStep> {
    const result = await this.#process(this.#mlsAt(now), message);
    if (result.kind !== 'newState' || result.actionTaken === 'reject') {
      throw new MeshError('SESSION_BROKEN', 'The commit is not a plain change of keys by the peer');
    }
    return { kind: 'commit', ...this.#nextEpoch({ newState: result.newState, consumed: result.consumed, now }) };
  }

  /** The cheap refusals; they need no key. */
  #checkHeader({ groupId, epoch, contentType }: PrivateMessage, now: number): void {
    if (toHex(groupId) !== this.groupId) throw new MeshError('SESSION_BROKEN', 'The frame is of another session');
    if (now >= this.#pair.peerCertifiedUntil)
      throw new MeshError('SESSION_BROKEN', "The peer's device certificate is over");
    if (epoch > this.epoch) {
      throw new MeshError(
        'SESSION_BROKEN',
        `The frame is of epoch ${epoch}; its commit has not come, this side is at ${this.epoch}`,
      );
    }
    if (contentType === 'commit' && Number(epoch) === this.epoch && turnOf(this.epoch) === this.#state.own) {
      throw new MeshError('SESSION_BROKEN', `In epoch ${this.epoch} it is not the peer's turn to commit`);
    }
  }

  /** Refuses commits that do more than change keys: no member is added, removed or updated by proposal. */
  #process(state: ClientState, message: PrivateMessage): Promise<ProcessMessageResult> {
    const peer = otherSide(this.#state.own);
    return processPrivateMessage(state, message, emptyPskIndex, this.#context.suite, (incoming) =>
      incoming.kind === 'commit' && incoming.proposals.length === 0 && incoming.senderLeafIndex === peer
        ? 'accept'
        : 'reject',
    );
  }

  #nextEpoch(made: { newState: ClientState; consumed: readonly Uint8Array[]; now: number }): SessionStep {
    const old = this.#state.mls;
    checkSameRoster(old.ratchetTree, made.newState.ratchetTree);
    const mls = settle({ ...made.newState, clientConfig: old.clientConfig }, this.#state.own);
    const counters: Counters = { frames: 0, bytes: 0, epochStartedAt: made.now };
    const next = this.#with({ ...this.#state, mls, counters }, {});
    const wipe = (): void => {
      this.#wipe([...made.consumed, ...replacedSecrets(old, mls)]);
      if (this.#cache.fixed !== undefined) overwrite([this.#cache.fixed]);
    };
    return { next, wipe };
  }

  #nextInEpoch(changed: Omit<PairState, 'own'>): PairSession {
    return this.#with({ ...changed, own: this.#state.own }, this.#cache);
  }

  #with(state: PairState, cache: EpochCache): PairSession {
    return new PairSession({ context: this.#context, pair: this.#pair, state, cache });
  }

  #counted(length: number): Counters {
    const { frames, bytes, epochStartedAt } = this.#state.counters;
    return { frames: frames + 1, bytes: bytes + length, epochStartedAt };
  }

  /** The library's state with a judge of credentials for this time; outside commits it trusts nobody. */
  #mlsAt(now: number): ClientState {
    const judge = authenticationFor({ agents: this.#pair.agents, now });
    return { ...this.#state.mls, clientConfig: clientConfig(this.#context.limits, judge) };
  }

  async #step<T>(what: string, run: () => Promise<T>): Promise<T> {
    this.#checkUsable();
    this.#use = 'in a step';
    try {
      return await run();
    } catch (error) {
      throw toSessionError(what, error);
    } finally {
      if (this.#use === 'in a step') this.#use = 'free';
    }
  }

  /**
   * Two steps at once would seal two frames with one key, and sealing with wiped secrets would seal with a key that all
   * know.
   */
  #checkUsable(): void {
    if (this.#use !== 'free')
      throw new MeshError('WRONG_STATE', `This value of the session is ${this.#use}: go on with its next`);
  }

  #wipe(secrets: readonly Uint8Array[]): void {
    this.#use = 'wiped';
    overwrite(secrets);
  }
}
