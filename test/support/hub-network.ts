import { defaultLimits, silentLogger, systemClock, systemRandom } from '#kernel';
import { type Connection, dialLink, dialWebSocket, type Link, type LinkSelf } from '#link';
import type { AgentId } from '#identity';
import { serveHub, type ServingHub } from '#hub';
import { cardOf, HubWorld, type HubWorldOptions } from './hub-world.ts';
import { FakeHandler } from './link-agents.ts';

export const token = 'the-token-of-this-hub';

export interface NetworkHub extends AsyncDisposable {
  readonly world: HubWorld;
  readonly serving: ServingHub;
}

/** A hub behind real sockets on loopback. */
export async function networkHub(options: HubWorldOptions = {}): Promise<NetworkHub> {
  const world = await HubWorld.open(options);
  const serving = await serveHub({
    hub: world.hub,
    host: '127.0.0.1',
    port: 0,
    version: '1.2.3',
    token,
    urlOf: ({ host, port }) => `http://${host}:${port}`,
  });
  return { world, serving, [Symbol.asyncDispose]: () => serving.stop() };
}

export interface Dialled {
  readonly link: Link;
  readonly connection: Connection;
}

/** A link of the agent to the hub at an address, with the time of the machine. */
export async function dialHub(url: string, hub: AgentId, self: LinkSelf): Promise<Dialled> {
  const ports = { clock: systemClock, random: systemRandom, limits: defaultLimits, logger: silentLogger };
  const connection = await dialWebSocket(url, ports);
  const link = await dialLink({ ...ports, handler: new FakeHandler(), connection, self, expect: hub });
  return { link, connection };
}

export interface HubPlace {
  readonly url: string;
  readonly hub: AgentId;
}

/** The same of an agent that is a member, or becomes one. */
export async function joinHub({ url, hub }: HubPlace, self: LinkSelf, name: string): Promise<Dialled> {
  const dialled = await dialHub(url, hub, self);
  const now = systemClock.now();
  const times = { createdAt: now - 1000, expiresAt: now + 86_400_000, seq: now };
  await dialled.link.ask({ op: 'card.put', card: cardOf(self, name, times) });
  return dialled;
}
