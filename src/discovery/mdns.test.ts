import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { hostname } from 'node:os';
import Bonjour from 'bonjour-service';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits, systemClock, systemRandom } from '#kernel';
import { runModule } from '../../test/support/run-module.ts';
import { type LanAnswer, lanUrls } from './lan-answer.ts';
import { announceOnLan, type LanAnnouncement, mdnsEar, type MdnsOptions } from './mdns.ts';

/** Real packets, which stay on this machine. Others may be announced on it too. */
const options: MdnsOptions = { interface: '127.0.0.1', clock: systemClock, limits: defaultLimits };
const group = '224.0.0.251';
const port = 4711;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function announced(): Promise<LanAnnouncement> {
  const node = await announceOnLan({ ...options, host: '127.0.0.1', port, versions: [1, 2], random: systemRandom });
  closing.push(() => node.close());
  return node;
}

/** What is heard of the node, asked anew until something is. */
async function answerOf({ name }: LanAnnouncement): Promise<LanAnswer> {
  const { promise, resolve } = Promise.withResolvers<LanAnswer>();
  const hearing = await mdnsEar(options).open((answer) => {
    if (answer.name === name) resolve(answer);
  });
  closing.push(() => hearing.close());
  return promise;
}

/** Everything that is said on the loopback network. */
async function wire() {
  const socket = createSocket({ type: 'udp4', reuseAddr: true });
  closing.push(() => new Promise<void>((resolve) => socket.close(resolve)));
  const packets: Buffer[] = [];
  socket.on('message', (packet) => void packets.push(packet));
  socket.bind(5353, '0.0.0.0');
  await once(socket, 'listening');
  socket.addMembership(group, '127.0.0.1');
  socket.setMulticastInterface('127.0.0.1');
  const say = (packet: Uint8Array): Promise<unknown> =>
    new Promise((resolve) => socket.send(packet, 5353, group, resolve));
  return { packets, say };
}

describe('the library for multicast DNS', () => {
  const loadedBy = (code: string): string =>
    runModule({
      source: `
        import { registerHooks } from 'node:module';
        registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
        ${code}`,
    });

  it('is not loaded by a node that keeps away from the local network', () => {
    expect(loadedBy(`await import('#node');`)).not.toContain('bonjour-service');
    expect(loadedBy(`await import('#discovery'); await import('bonjour-service');`)).toContain('bonjour-service');
  });
});

describe('a node that is announced on the local network', () => {
  it('is heard with its port, and says nothing that names anybody', async () => {
    const { packets } = await wire();
    const node = await announced();
    expect(node.name).toMatch(/^mesh-[0-9a-f]{16}$/);
    const answer = await answerOf(node);
    expect(answer).toMatchObject({ port, source: '127.0.0.1', text: ['v=1,2', 'path=/agent-mesh/discovery'] });
    expect(lanUrls(answer, defaultLimits)).toContain(`http://127.0.0.1:${port}`);
    const own = packets.filter((packet) => packet.includes(node.name)).map((packet) => packet.toString('latin1'));
    expect(own.length).toBeGreaterThan(0);
    expect(own.filter((packet) => packet.includes(hostname()))).toEqual([]);
    expect(node.problem()).toBeUndefined();
  });

  it('has another name each time', async () => {
    expect((await announced()).name).not.toBe((await announced()).name);
  });

  it('says goodbye when it is closed', async () => {
    const node = await announced();
    const settings = { port: 5353, interface: '127.0.0.1', bind: '0.0.0.0' };
    const bonjour = new Bonjour(settings);
    closing.push(() => new Promise<void>((resolve) => bonjour.destroy(resolve)));
    const browser = bonjour.find({ type: 'agent-mesh' });
    const seen: string[] = [];
    const told = (event: 'up' | 'down') =>
      new Promise<void>((resolve) => {
        browser.on(event, ({ name }) => {
          if (name !== node.name) return;
          seen.push(event);
          resolve();
        });
      });
    const gone = told('down');
    await told('up');
    await node.close();
    await gone;
    expect(seen).toEqual(['up', 'down']);
  });

  it('goes on answering after packets that are nonsense', async () => {
    const { say } = await wire();
    const node = await announced();
    const response = [0, 0, 0x84, 0, 0, 0, 0, 9, 0, 0, 0, 0];
    const type = Buffer.from('\x0b_agent-mesh\x04_tcp\x05local\0', 'latin1');
    for (const packet of [
      Buffer.alloc(0),
      Buffer.from([1]),
      Buffer.alloc(12, 0xff),
      Buffer.from(response),
      // A name that points to itself.
      Buffer.from([...response.slice(0, 7), 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0, 1]),
      // A PTR record that is cut off, and one that leads to nothing.
      Buffer.concat([Buffer.from([...response.slice(0, 7), 1, 0, 0, 0, 0]), type, Buffer.from([0, 12, 0, 1, 0])]),
      Buffer.concat([
        Buffer.from([...response.slice(0, 7), 1, 0, 0, 0, 0]),
        type,
        Buffer.from([0, 12, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12]),
      ]),
      // A question for every record of the service.
      Buffer.concat([Buffer.from([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), type, Buffer.from([0, 255, 0, 1])]),
      Buffer.from(systemRandom.bytes(8000)),
    ]) {
      await say(packet);
    }
    expect(await answerOf(node)).toMatchObject({ port });
  });
});
