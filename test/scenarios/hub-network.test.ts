import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeHubInvite, encodeFrame, parseDiscovery } from '#protocol';
import { adminOverHttp, hubLimits } from '#hub';
import { defaultLimits, systemClock } from '#kernel';
import { dialWebSocket } from '#link';
import { failure } from '../support/failure.ts';
import { dialHub, networkHub, type NetworkHub, token } from '../support/hub-network.ts';
import { cardOf, fetchAll, type HubWorldOptions, mailFrom } from '../support/hub-world.ts';
import { alice, bob, mallory } from '../support/link-agents.ts';
import { hello, RawPeer } from '../support/raw-peer.ts';

const running: NetworkHub[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one[Symbol.asyncDispose]();
});

async function opened(options: HubWorldOptions = {}) {
  const network = await networkHub(options);
  running.push(network);
  const { world, serving } = network;
  const dial = (self: typeof alice) => dialHub(serving.url, world.hubId, self);
  const join = async (self: typeof alice, name: string) => {
    const dialled = await dial(self);
    await dialled.link.ask({ op: 'card.put', card: cardOf(self, name) });
    return dialled;
  };
  const admin = adminOverHttp({ ...serving.adminAddress, token });
  return { world, serving, dial, join, admin };
}

const get = async (url: string): Promise<{ status: number; text: string }> => {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
};

describe('a hub on the network', () => {
  it('carries frames between agents that are never there together', async () => {
    const { join, dial, world } = await opened({ limits: hubLimits });
    const receiver = await join(bob, 'bob');
    receiver.link.close();
    const sender = await join(alice, 'alice');
    const frames = Array.from({ length: 200 }, () => mailFrom(alice, bob, { size: 3000 }));
    const outcomes = await Promise.all(frames.map((frame) => sender.link.sendFrame(frame)));
    expect(outcomes.every(({ kind }) => kind === 'stored')).toBe(true);
    sender.link.close();
    const { link } = await dial(bob);
    const got: Uint8Array[] = [];
    let place: { epoch?: Uint8Array; after: number } = { after: 0 };
    for (let more = true; more;) {
      const page = await link.ask({ ...fetchAll, ...place, frames: 64 });
      got.push(...page.items.map(({ frame }) => frame));
      place = { epoch: page.epoch, after: page.items.at(-1)?.cursor ?? 0 };
      link.ack({ epoch: page.epoch, upTo: place.after });
      more = page.more;
    }
    expect(got.map((frame) => Buffer.from(frame))).toEqual(frames.map((frame) => Buffer.from(encodeFrame(frame))));
    await link.ask({ ...fetchAll, ...place });
    expect((await world.hub.parts.store.totals()).frames).toBe(0);
  });

  it('tells everybody what it is and whether it is well, and nothing about its members', async () => {
    const { serving, join, world } = await opened();
    await join(alice, 'alice');
    const document = parseDiscovery(JSON.parse((await get(`${serving.url}/agent-mesh/discovery`)).text));
    expect(document).toEqual({
      protocol: 'agent-mesh',
      versions: [3],
      agents: [],
      software: 'agent-mesh/1.2.3',
      hub: { agentId: world.hubId, name: 'team', admission: 'open' },
    });
    for (const path of ['/healthz', '/readyz'])
      expect(await get(serving.url + path)).toEqual({ status: 200, text: '{"ok":true}' });
    expect((await get(`${serving.url}/admin/agents`)).status).toBe(404);
    const { text } = await get(`${serving.url}/metrics`);
    expect(text).toContain('mesh_hub_links 1\n');
    expect(text).toContain('mesh_hub_kept{what="agents"} 1\n');
    expect(text).not.toContain('alice');
  });

  it('counts what it does', async () => {
    const { serving, join } = await opened();
    const { link } = await join(alice, 'alice');
    const frame = mailFrom(alice, alice);
    await link.sendFrame(frame);
    await link.sendFrame(frame);
    await link.sendFrame(mailFrom(alice, mallory));
    const { text } = await get(`${serving.url}/metrics`);
    for (const line of ['frames_stored_total 1', 'frames_repeated_total 1', 'frames_refused_total 1'])
      expect(text).toContain(`mesh_hub_${line}\n`);
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('is ready no more once it stops, and says so to who is linked', async () => {
    const { world, serving, join } = await opened();
    const { link } = await join(alice, 'alice');
    const stopping = world.hub.stop();
    expect((await get(`${serving.url}/readyz`)).status).toBe(503);
    expect((await get(`${serving.url}/healthz`)).status).toBe(200);
    expect((await link.closed)?.code).toBe('SHUTTING_DOWN');
    await stopping;
  });

  it('cuts off who asks and asks and reads no answers, and serves the others', async () => {
    const { world, serving, join } = await opened();
    const { link } = await join(alice, 'alice');
    await link.sendFrame(mailFrom(alice, alice, { kind: 'request', size: 500_000 }));
    const { counts, links } = world.hub;
    const connection = await dialWebSocket(serving.url, { clock: systemClock, limits: defaultLimits });
    const lazy = new RawPeer(connection);
    await lazy.dial(alice, world.hubId, hello({ to: world.hubId }));
    const session = links.session(alice.agentId);
    const cutOff = session?.link.closed;
    let isOver = false;
    void cutOff?.then(() => (isOver = true));
    const other = await join(bob, 'bob');
    for (let n = 0; !isOver && n < 400; n += 1) {
      const before = counts.framesFetched;
      lazy.send({ ...fetchAll, n });
      while (!isOver && counts.framesFetched === before) await world.clock.turn();
    }
    expect((await cutOff)?.code).toBe('TIMEOUT');
    expect(await other.link.sendFrame(mailFrom(bob, alice))).toMatchObject({ kind: 'stored' });
  });

  it('gives up who is linked, says nothing more and answers no ping', async () => {
    const { world, serving, join } = await opened();
    await join(alice, 'alice');
    const connection = await dialWebSocket(serving.url, { clock: systemClock, limits: defaultLimits });
    const silent = new RawPeer(connection);
    await silent.dial(alice, world.hubId, hello({ to: world.hubId }));
    const ended = world.hub.links.session(alice.agentId)?.link.closed;
    await world.clock.advance(world.limits.linkIdleMs);
    expect((await ended)?.code).toBe('TIMEOUT');
    await connection.closed;
    expect(world.hub.links.size).toBe(0);
  });

  it('drops connections that prove nothing in time, and refuses more of them than it has room for', async () => {
    const { world, serving, dial } = await opened({
      limits: { maxUnauthenticatedLinks: 2, newcomerPercent: 100 },
    });
    const idle = await Promise.all([idleWebSocket(serving.address.port), idleWebSocket(serving.address.port)]);
    expect((await failure(dial(alice))).code).toBe('RATE_LIMITED');
    await world.clock.advance(world.limits.handshakeMs);
    await Promise.all(idle.map(({ ended }) => ended));
    expect((await dial(alice)).link.local).toBe(alice.agentId);
  });
});

async function rawReader(port: number) {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** A WebSocket on the link path that says nothing. */
async function idleWebSocket(port: number): Promise<{ readonly ended: Promise<unknown> }> {
  const socket = await rawReader(port);
  socket.write(
    [
      'GET /mesh/v1/link HTTP/1.1',
      'Host: 127.0.0.1',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
      'Sec-WebSocket-Protocol: agent-mesh.link.1',
      '\r\n',
    ].join('\r\n'),
  );
  await once(socket, 'data');
  socket.resume();
  return { ended: once(socket, 'close') };
}

describe('the owner of a hub', () => {
  it('sees members and what waits for them, makes invites and takes them back, and evicts', async () => {
    const { world, serving, dial, admin } = await opened({ admission: { kind: 'invite' } });
    const made = await admin.newInvite({ note: 'for Alice' });
    const invite = decodeHubInvite(made.invite);
    expect(invite).toMatchObject({ hub: world.hubId, name: 'team', url: serving.url, expiresAt: made.expiresAt });
    const { link } = await dial(alice);
    await link.ask({ op: 'card.put', card: cardOf(alice, 'alice'), invite: invite.secret });
    await link.sendFrame(mailFrom(alice, alice));
    expect(await admin.agents({})).toMatchObject([{ name: 'alice', agentId: alice.agentId, frames: 1, online: true }]);
    expect(await admin.invites({})).toMatchObject([{ id: made.id, note: 'for Alice', usedBy: alice.agentId }]);
    const second = await admin.newInvite({ lifetimeMs: 60_000 });
    await admin.revokeInvite({ id: second.id });
    expect((await failure(admin.revokeInvite({ id: second.id }))).code).toBe('NOT_FOUND');
    const other = await dial(bob);
    const secret = decodeHubInvite(second.invite).secret;
    const put = other.link.ask({ op: 'card.put', card: cardOf(bob, 'bob'), invite: secret });
    expect((await failure(put)).code).toBe('INVITE_INVALID');
    expect(await admin.status({})).toMatchObject({ running: true, links: 2, totals: { agents: 1, frames: 1 } });
    expect(await admin.evict({ agent: 'alice' })).toEqual({ agentId: alice.agentId, name: 'alice' });
    expect((await link.closed)?.code).toBe('NOT_ADMITTED');
    expect((await failure(admin.evict({ agent: 'alice' }))).hint).toContain('mesh hub admin agents');
    expect((await admin.limits({})).maxMailboxFrames).toBe(world.limits.maxMailboxFrames);
  });

  it('is who has the token, and calls from this machine and from no web page', async () => {
    const { serving } = await opened();
    const { host, port } = serving.adminAddress;
    const post = async (headers: Record<string, string>, path = '/admin/agents', body = '{}') => {
      const response = await fetch(`http://${host}:${port}${path}`, { method: 'POST', headers, body });
      return response.status;
    };
    const authorization = `Bearer ${token}`;
    expect(await post({ authorization })).toBe(200);
    expect(await post({})).toBe(401);
    expect(await post({ authorization: 'Bearer nonsense' })).toBe(401);
    expect(await post({ authorization, origin: 'http://evil.example' })).toBe(403);
    expect(await post({ authorization }, '/admin/nothing')).toBe(404);
    expect(await post({ authorization }, '/admin/evict', '[]')).toBe(400);
    expect(await post({ authorization }, '/admin/evict', '{"agent":7}')).toBe(400);
    expect(await post({ authorization }, '/admin/newInvite', '{"lifetimeMs":-1}')).toBe(400);
    expect(await post({ authorization }, '/admin/evict', `{"agent":"${'x'.repeat(70_000)}"}`)).toBe(413);
    const dead = adminOverHttp({ host, port: 1, token });
    expect((await failure(dead.agents({}))).code).toBe('HUB_NOT_RUNNING');
  });
});
