import type { ClientState, EpochReceiverData, GenerationSecret, GroupState, SecretTree } from 'ts-mls';
import { MeshError } from '#kernel';
import type { Side } from './roster.ts';

/** The two chains of one side: commits and frames are sealed with different keys. */
export interface Chains {
  readonly handshake: GenerationSecret;
  readonly application: GenerationSecret;
}

const none = new Uint8Array(0);
const noChain = (generation: number): GenerationSecret => ({ secret: none, generation, unusedGenerations: {} });
const noChains: Chains = { handshake: noChain(0), application: noChain(0) };

export const chainsOf = (tree: SecretTree, side: Side): Chains => {
  const chains = tree[side * 2];
  if (chains === undefined) throw new MeshError('INTERNAL', `The secret tree has no chains of side ${side}`);
  return chains;
};

/** The tree as the library indexes it; nothing is ever sealed with the node between the leaves. */
export const secretTreeOf = (creator: Chains, joiner: Chains): SecretTree => [creator, noChains, joiner];

/**
 * What is kept after a commit, made or received (spec 5.6). Of retained epochs only the peer's chains stay: this side
 * seals nothing there any more, so a stolen state cannot open what it sent. The generation is moved on, so that its own
 * commit coming back is a replay. The members are the same in all epochs, hence one tree for all.
 */
export function settle(state: ClientState, own: Side): ClientState {
  const history = [...state.historicalReceiverData].map(([epoch, data]): [bigint, EpochReceiverData] => [
    epoch,
    withoutOwn(data, { own, state }),
  ]);
  const secretTree = secretTreeOf(chainsOf(state.secretTree, 0), chainsOf(state.secretTree, 1));
  return { ...state, secretTree, historicalReceiverData: new Map(history) };
}

function withoutOwn(
  data: EpochReceiverData,
  kept: { readonly own: Side; readonly state: ClientState },
): EpochReceiverData {
  const blank = ended(chainsOf(data.secretTree, kept.own));
  const other = chainsOf(data.secretTree, kept.own === 0 ? 1 : 0);
  const secretTree = kept.own === 0 ? secretTreeOf(blank, other) : secretTreeOf(other, blank);
  return { ...data, secretTree, ratchetTree: kept.state.ratchetTree };
}

function ended({ handshake, application }: Chains): Chains {
  if (handshake.secret.length === 0) return { handshake, application };
  return { handshake: noChain(handshake.generation + 1), application: noChain(application.generation) };
}

/** Every secret that a state holds, but the device key, which belongs to the agent. */
function secretsOf(state: GroupState): Set<Uint8Array> {
  const { keySchedule, privatePath } = state;
  const secrets = new Set<Uint8Array>(Object.values(privatePath.privateKeys));
  for (const secret of Object.values<Uint8Array>({ ...keySchedule })) secrets.add(secret);
  const trees = [state.secretTree];
  for (const data of state.historicalReceiverData.values()) {
    secrets.add(data.senderDataSecret).add(data.resumptionPsk);
    trees.push(data.secretTree);
  }
  for (const { handshake, application } of trees.flat()) secrets.add(handshake.secret).add(application.secret);
  return secrets;
}

/**
 * What a commit made useless: the library names only a part of it, not the old leaf key and not the epochs it forgets.
 */
export function replacedSecrets(old: GroupState, next: GroupState): Uint8Array[] {
  const kept = secretsOf(next);
  return [...secretsOf(old)].filter((secret) => !kept.has(secret));
}

export function overwrite(secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}
