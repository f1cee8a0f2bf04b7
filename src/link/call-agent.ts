import type { Clock, Limits, Random } from '#kernel';
import type { AgentId } from '#identity';
import { supportedVersions } from '#protocol';
import type { Connection } from './connection.ts';
import { normalClose } from './close-code.ts';
import { callListener } from './handshake.ts';
import { boundedHandshake } from './handshake-channel.ts';
import type { LinkHandler, LinkPeer } from './link.ts';

export interface CallAgentOptions {
  readonly connection: Connection;
  /** The agent that must answer, by any of its ids; it may be the caller itself. */
  readonly expect: AgentId;
  readonly handler: Pick<LinkHandler, 'onProof'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly signal?: AbortSignal | undefined;
  /** Versions of the protocol to offer; all that are known without it. */
  readonly versions?: readonly number[] | undefined;
  /** Throws to refuse whoever answers; the far end is told. */
  admit?(remote: LinkPeer): void;
}

/**
 * Looks who answers at an address, without opening a link and without telling who asks. Rejects as `dialLink` does.
 */
export async function callAgent(options: CallAgentOptions): Promise<LinkPeer> {
  const { versions = supportedVersions } = options;
  const { remote } = await boundedHandshake(options, async (channel) => {
    const called = await callListener(channel, { ...options, versions });
    options.admit?.(called.remote);
    return called;
  });
  options.connection.close(normalClose, '');
  return remote;
}
