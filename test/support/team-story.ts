import { createIds, systemClock, systemRandom, type Clock } from '#kernel';
import { type Line, type MeshPorts, Team, type Teammate, type TeamSettings, teamSettings, Tokens } from '#team';
import type { FakeGateway } from './fake-gateway.ts';

export const alice: Teammate = { name: 'Alice', emailPrefix: 'alice' };

export const live = new AbortController().signal;

/** A teammate whose gateway is that one. */
export const teammateAt = (name: string, gateway: Pick<FakeGateway, 'port'>): Teammate => ({
  name,
  emailPrefix: name.toLowerCase(),
  ip: '127.0.0.1',
  port: gateway.port,
});

export interface TeamOptions {
  readonly tokens?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly environment?: Readonly<Record<string, string>>;
  readonly mesh?: MeshPorts;
}

/** Alice's view of her team, without any file. */
export function teamOf(
  others: readonly Teammate[],
  { tokens = {}, clock = systemClock, environment = {}, mesh }: TeamOptions = {},
): Team {
  const settings: TeamSettings = teamSettings({ environment, home: '/nowhere', cwd: '/nowhere' });
  return new Team({
    settings,
    registry: { path: 'registry.json', teammates: [alice, ...others] },
    tokens: Tokens.parse(JSON.stringify({ tokens }), 'tokens.json'),
    self: { email: 'alice@example.com', prefix: 'alice', layer: 'MESH_MY_EMAIL', source: 'MESH_MY_EMAIL' },
    clock,
    mesh,
    ids: createIds(systemClock, systemRandom),
  });
}

/** What Bob's agent replies over the line. */
export const asking = async (line: Line, text: string, timeoutMs = 60_000): Promise<string> =>
  (await line.ask({ text, session: 'main', timeoutMs }, live)).text;
