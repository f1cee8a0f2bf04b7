import { encodeCbor } from '#kernel';
import type { AgentId } from '#identity';
import type { LinkHello } from './link-operation.ts';

/**
 * What one side of a link proves. The listener proves itself first, when it does not know who dials; the dialler's
 * proof names both ids, so that it serves towards no other agent.
 */
export type AuthTranscript = {
  readonly dialler: LinkHello;
  readonly listener: LinkHello;
  /** What the side that proves itself shows of its life, so that nobody on the way can leave it out. */
  readonly incarnation?: Uint8Array;
} & (
  | { readonly side: 'listener'; readonly listenerId: AgentId }
  | { readonly side: 'dialler'; readonly listenerId: AgentId; readonly diallerId: AgentId }
);

/** The bytes that are signed in context `link-auth` (spec §6.2): both hellos with both nonces, the ids and the side. */
export function authTranscript(transcript: AuthTranscript): Uint8Array {
  const { dialler, listener, side, listenerId, incarnation } = transcript;
  return encodeCbor({
    dialler,
    listener,
    side,
    listenerId,
    ...(transcript.side === 'dialler' ? { diallerId: transcript.diallerId } : {}),
    ...(incarnation === undefined ? {} : { incarnation }),
  });
}
