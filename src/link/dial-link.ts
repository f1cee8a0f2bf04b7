import { MeshError } from '#kernel';
import type { AgentId } from '#identity';
import { supportedVersions } from '#protocol';
import type { LinkOptions } from './accept-link.ts';
import { AuthenticatedLink } from './authenticated-link.ts';
import { normalClose } from './close-code.ts';
import type { Connection } from './connection.ts';
import { dialHandshake } from './handshake.ts';
import { boundedHandshake } from './handshake-channel.ts';
import type { LinkSelf } from './handshake-proof.ts';
import type { Link, LinkPeer } from './link.ts';

export interface DialLinkOptions extends LinkOptions {
  readonly connection: Connection;
  readonly self: LinkSelf;
  /** The agent that must answer, by any of its ids. */
  readonly expect: AgentId;
  /** `direct` and the address by default. */
  readonly route?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The dialler's end of a connection; resolves when the far end granted its first credit. Rejects with HANDSHAKE_FAILED
 * (`data: { expected, presented }` when another agent answers), HANDSHAKE_TIMEOUT, UNKNOWN_AGENT, UNSUPPORTED_VERSION,
 * RATE_LIMITED, LINK_CLOSED, or the reason of the signal; the connection is closed then.
 */
export async function dialLink(options: DialLinkOptions): Promise<Link> {
  const { connection, self, expect, random, limits, versions = supportedVersions } = options;
  if (expect === self.agentId) {
    connection.close(normalClose, '');
    throw new MeshError('INVALID_ARGUMENT', 'An agent does not link to itself');
  }
  const admit = (remote: LinkPeer): void => options.handler.admit(self.agentId, remote);
  const { credit, ...established } = await boundedHandshake(options, (channel) =>
    dialHandshake(channel, { self, expect, versions, random, maxHandshakeBytes: limits.maxHandshakeBytes, admit }),
  );
  const route = options.route ?? `direct ${connection.address}`;
  const link = new AuthenticatedLink({ ...options, established, route, credit });
  link.start();
  return link;
}
