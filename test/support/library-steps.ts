import type { CiphersuiteImpl, ClientState, MLSMessage } from 'ts-mls';
import {
  createCommit,
  decodeMlsMessage,
  emptyPskIndex,
  encodeMlsMessage,
  processPrivateMessage,
} from '../../src/session/mls.ts';

/** Steps of members of a group on the bare library. */
export const encodeMls = (message: MLSMessage): Uint8Array => encodeMlsMessage(message);

export function decodeMls(bytes: Uint8Array): MLSMessage {
  const [message] = decodeMlsMessage(bytes, 0) ?? [];
  if (message === undefined) throw new TypeError('the bytes are no MLS message');
  return message;
}

/** A commit that changes nothing but the keys of its author. */
export async function renewKeys(
  suite: CiphersuiteImpl,
  from: ClientState,
): Promise<{ readonly state: ClientState; readonly commit: MLSMessage }> {
  const { newState, commit } = await createCommit({ state: from, cipherSuite: suite }, {});
  return { state: newState, commit };
}

/** Rejects with the library's error when the commit does not follow on the state. */
export async function follow(suite: CiphersuiteImpl, state: ClientState, commit: MLSMessage): Promise<ClientState> {
  if (commit.wireformat !== 'mls_private_message') throw new TypeError('the commit is not encrypted');
  return (await processPrivateMessage(state, commit.privateMessage, emptyPskIndex, suite)).newState;
}
