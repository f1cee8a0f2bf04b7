import { defaultLimits, MeshError, systemClock } from '#kernel';
import { isEndpoint } from '#identity';
import { fetchDiscovery } from '#discovery';
import { decodeHubInvite } from '#protocol';
import type { AgentHub, HubPlace } from '#node';

export interface NetworkHubOptions {
  /** Name or address of its machine. */
  readonly host?: string;
  /** 7700 */
  readonly port?: number;
  /** Instead of host and port, such as `https://hub.example`. */
  readonly url?: string;
  /** What the owner of the hub gave, where an invite is needed. It says the key of the hub, and where it is. */
  readonly invite?: string;
}

/**
 * A hub in another process: `mesh hub`, or a `HubServer`. Agents only call it, so they work behind NAT. An agent keeps to the key that the
 * hub had when it first joined.
 */
export class NetworkHub implements AgentHub {
  readonly #base: string;
  readonly #invite: string | undefined;

  /** Throws INVALID_ARGUMENT, INVITE_INVALID. */
  constructor(options: NetworkHubOptions) {
    const { host, port = 7700, url, invite } = options;
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      throw wrong(`a port is a number from 1 to 65535, not ${port}`);
    const fromInvite = invite === undefined ? undefined : decodeHubInvite(invite).url;
    const given =
      url ?? (host === undefined ? fromInvite : `http://${host.includes(':') ? `[${host}]` : host}:${port}`);
    if (given === undefined) throw wrong('neither host, url nor invite is given');
    const base = given.replace(/\/+$/, '');
    if (!isEndpoint(base)) throw wrong(`${JSON.stringify(given.slice(0, 200))} is not an address`);
    this.#base = base;
    this.#invite = invite;
  }

  /** Where it is. */
  get url(): string {
    return this.#base;
  }

  async locate(known: (base: string) => HubPlace | undefined): Promise<HubPlace> {
    const before = known(this.#base);
    if (before !== undefined) return before;
    if (this.#invite !== undefined) return this.#invited(this.#invite);
    const { hub } = await fetchDiscovery(this.#base, { clock: systemClock, timeoutMs: defaultLimits.scanTimeoutMs });
    if (hub !== undefined) return { address: { base: this.#base, hub: hub.agentId }, name: hub.name };
    throw new MeshError('NOT_FOUND', `${this.#base} is a node, not a hub`, {
      hint: 'To become a peer of an agent there: agent.join(invite)',
    });
  }

  howToTrust(one: string, other: string): string {
    return `await agent.connect('${other}') here, and await agent.connect('${one}') in its program`;
  }

  #invited(text: string): HubPlace {
    const { hub, name, secret, expiresAt } = decodeHubInvite(text);
    if (expiresAt <= systemClock.now()) throw new MeshError('INVITE_EXPIRED');
    return { address: { base: this.#base, hub }, name, invite: secret };
  }
}

const wrong = (what: string): MeshError =>
  new MeshError('INVALID_ARGUMENT', `Where is the hub? ${what}`, {
    hint: "new NetworkHub({ host: '192.168.1.10' }), or { url: 'https://hub.example' }",
  });
