import type { Clock, Limits, Logger, Random } from '#kernel';
import type { AgentId } from '#identity';
import { supportedVersions } from '#protocol';
import { AuthenticatedLink } from './authenticated-link.ts';
import type { Connection } from './connection.ts';
import { acceptHandshake } from './handshake.ts';
import { boundedHandshake, refuse } from './handshake-channel.ts';
import type { LinkSelf } from './handshake-proof.ts';
import type { Link, LinkHandler } from './link.ts';

export interface LinkOptions {
  readonly handler: LinkHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Limits;
  readonly logger: Logger;
  /** Versions of the protocol that this side speaks; all that are known without it. */
  readonly versions?: readonly number[] | undefined;
}

export interface AcceptLinkOptions extends LinkOptions {
  readonly connection: Connection;
  /** The local agent with this id, also when the id is an earlier one of it. */
  readonly agents: (agentId: AgentId) => LinkSelf | undefined;
  /** Another handler for links to this local id than `handler`. */
  readonly handlerOf?: ((local: AgentId) => LinkHandler | undefined) | undefined;
  /** Has the last word on a link before its first credit; throws to refuse it. */
  readonly admit?: (link: AuthenticatedLink) => void;
}

/**
 * The listener's end of a connection. Rejects when the handshake fails; the far end was told then, and the connection
 * closed.
 */
export async function acceptLink(options: AcceptLinkOptions): Promise<Link> {
  const { connection, agents, random, limits, versions = supportedVersions } = options;
  const established = await boundedHandshake(options, (channel) =>
    acceptHandshake(channel, { agents, versions, random, maxHandshakeBytes: limits.maxHandshakeBytes }),
  );
  const route = `inbound ${connection.address}`;
  const handler = options.handlerOf?.(established.self.agentId) ?? options.handler;
  const link = new AuthenticatedLink({ ...options, handler, established, route, credit: { frames: 0, bytes: 0 } });
  try {
    handler.admit(link.local, link.remote);
    options.admit?.(link);
  } catch (error) {
    refuse(connection, error);
    throw error;
  }
  link.start();
  return link;
}
