import { type ErrorCode, MeshError, toMeshError } from '#kernel';
import { acceptLink, type AcceptLinkOptions } from './accept-link.ts';
import type { AuthenticatedLink } from './authenticated-link.ts';
import type { Connection } from './connection.ts';
import { refuse } from './handshake-channel.ts';
import type { Link } from './link.ts';
import { Newcomers } from './newcomers.ts';

export type LinkListenerOptions = Omit<AcceptLinkOptions, 'connection' | 'admit' | 'signal'>;

/** When a caller that found no room should try again. */
export const retryAfterMs = 5000;

/** Takes the connections that others make, and keeps their number within `maxUnauthenticatedLinks` and `maxLinks`. */
export class LinkListener {
  readonly #options: LinkListenerOptions;
  readonly #connections = new Set<Connection>();
  readonly #links = new Set<AuthenticatedLink>();
  readonly #newcomers: Newcomers;
  #closed = false;

  constructor(options: LinkListenerOptions) {
    this.#options = options;
    this.#newcomers = new Newcomers(options.limits);
  }

  /** False when as many as may have yet to prove who they are: another is better refused before it costs anything. */
  hasRoomFor(address: string): boolean {
    return !this.#closed && this.#newcomers.hasRoomFor(address);
  }

  /** Links that are open. */
  get size(): number {
    return this.#links.size;
  }

  /** Resolves when the handshake is over, with the link or without; refusals are told to the far end and logged. */
  async accept(connection: Connection): Promise<Link | undefined> {
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
    const { address } = connection;
    if (!this.hasRoomFor(address)) {
      refuse(connection, this.#closed ? new MeshError('SHUTTING_DOWN') : full('maxUnauthenticatedLinks'));
      return undefined;
    }
    this.#newcomers.enter(address);
    try {
      return await acceptLink({ ...this.#options, connection, admit: (link) => this.#admit(link) });
    } catch (error) {
      const { code, message } = toMeshError(error);
      this.#options.logger.info('link.refused', { from: connection.address, code, reason: message });
      return undefined;
    } finally {
      this.#newcomers.leave(address);
    }
  }

  /** Takes no more, ends all links and waits until their connections are gone. */
  async close(reason: ErrorCode = 'SHUTTING_DOWN'): Promise<void> {
    this.#closed = true;
    for (const link of this.#links) link.close(reason);
    const error = new MeshError(reason);
    for (const connection of this.#connections) refuse(connection, error);
    await Promise.all([...this.#connections].map(({ closed }) => closed));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** A peer takes the place of a stranger when all are taken: strangers cannot lock peers out. */
  #admit(link: AuthenticatedLink): void {
    if (this.#closed) throw new MeshError('SHUTTING_DOWN');
    if (this.#links.size >= this.#options.limits.maxLinks) {
      const stranger = link.trusted ? this.#links.values().find(({ trusted }) => !trusted) : undefined;
      if (stranger === undefined) throw full('maxLinks');
      this.#links.delete(stranger);
      stranger.close('RATE_LIMITED');
    }
    this.#links.add(link);
    void link.closed.then(() => this.#links.delete(link));
  }
}

function full(limit: 'maxLinks' | 'maxUnauthenticatedLinks'): MeshError {
  return new MeshError('RATE_LIMITED', `This node has ${limit} connections`, { data: { retryAfterMs } });
}
