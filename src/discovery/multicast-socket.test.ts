import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits, type Limits, MeshError } from '#kernel';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type MulticastOptions, MulticastSocket } from './multicast-socket.ts';

const loopback = '127.0.0.1';
const group = '224.0.0.251';
const open: { close(): void }[] = [];
afterEach(() => open.splice(0).forEach((socket) => socket.close()));

/** Another program of this machine; bound to any free port. */
async function program(address = loopback): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  open.push(socket);
  socket.bind(0, address);
  await once(socket, 'listening');
  return { socket, port: socket.address().port };
}

async function freePort(): Promise<number> {
  const { socket, port } = await program();
  open.splice(open.indexOf(socket), 1);
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

interface Made {
  readonly socket: MulticastSocket;
  readonly port: number;
  readonly clock: ManualClock;
}

/** Bound, with its group joined as the library does it. */
async function made(change: Partial<MulticastOptions> = {}, limits: Partial<Limits> = {}): Promise<Made> {
  const clock = new ManualClock();
  const options = { interface: loopback, clock, limits: { ...defaultLimits, ...limits }, ...change };
  const socket = new MulticastSocket(options);
  open.push(socket);
  socket.on('listening', () => socket.addMembership(group, loopback));
  const port = await freePort();
  await new Promise<void>((resolve) => socket.bind(port, '0.0.0.0', resolve));
  return { socket, port, clock };
}

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'nothing was refused',
    (error: unknown) => error,
  );

/** A packet with a header that speaks of nodes. */
function saying(text: string, { bytes = 0, records = 0, isAnswer = true } = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(isAnswer ? 0x84 : 0, 2);
  header.writeUInt16BE(records, 6);
  return Buffer.concat([header, Buffer.from(`Mesh ${text}`), Buffer.alloc(Math.max(0, bytes - 17 - text.length), ' ')]);
}
const said = (packet: Uint8Array): string => Buffer.from(packet).toString('latin1', 17).trim();

const sent = (packets: readonly Buffer[]): readonly Sending[] => packets.map((packet) => ({ packet }));

interface Sending {
  readonly packet: Buffer;
  /** An address of this machine, from and to which it goes: it does not leave the machine. */
  readonly address?: string;
}

/** Sends all packets to the socket; resolves with what arrived when the last one, `end`, has. */
async function receive({ socket, port }: Made, sendings: readonly Sending[]): Promise<readonly string[]> {
  const heard: string[] = [];
  const ended = new Promise<void>((resolve) => {
    socket.on('message', (packet: Uint8Array) => {
      heard.push(said(packet));
      if (said(packet) === 'end') resolve();
    });
  });
  for (const { packet, address = loopback } of [...sendings, { packet: saying('end') }]) {
    const sender = await program(address);
    await new Promise((resolve) => sender.socket.send(packet, port, address, resolve));
  }
  await ended;
  return heard;
}

describe('packets from the local network', () => {
  it('come in, except those that are larger or of more records than one may be', async () => {
    const { maxLanPacketBytes, maxLanRecords } = defaultLimits;
    const packets = [
      saying('large', { bytes: maxLanPacketBytes }),
      saying('too large', { bytes: maxLanPacketBytes + 1 }),
      saying('full', { records: maxLanRecords }),
      saying('too full', { records: maxLanRecords + 1 }),
    ];
    expect(await receive(await made(), sent(packets))).toEqual(['large', 'full', 'end']);
  });

  it('that speak of something else, or are too short for any, are dropped', async () => {
    const packets = [Buffer.alloc(0), Buffer.from('mesh'), Buffer.alloc(100, 'x'), saying('heard')];
    expect(await receive(await made(), sent(packets))).toEqual(['heard', 'end']);
  });

  it('that came over another network than the one that was chosen are dropped', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal);
    for (const [chosen, expected] of [
      [undefined, [...others.map(({ address }) => address), 'end']],
      [loopback, ['end']],
    ] as const) {
      const one = await made({ interface: chosen });
      const sendings = others.map(({ address }) => ({ packet: saying(address), address }));
      expect(await receive(one, sendings)).toEqual(expected);
    }
  });

  it('that the library cannot digest do not end the process', async () => {
    const one = await made();
    let thrown = 0;
    one.socket.prependListener('message', (packet: Uint8Array) => {
      if (said(packet) !== 'poison') return;
      thrown += 1;
      throw new TypeError('Cannot read properties of undefined');
    });
    expect(await receive(one, sent([saying('poison')]))).toEqual(['end']);
    expect(thrown).toBe(1);
  });

  it('come in so often a second, and again in the next one', async () => {
    let looks = 0;
    // A second goes by after the fifth packet.
    const monotonic = (): number => ((looks += 1) > 5 ? 1000 : 0);
    const one = await made({ clock: Object.assign(new ManualClock(), { monotonic }) }, { maxLanPacketsPerSecond: 3 });
    const packets = ['1', '2', '3', '4', '5', '6'].map((text) => saying(text));
    expect(await receive(one, sent(packets))).toEqual(['1', '2', '3', '6', 'end']);
  });

  it('of one address that says too much take nothing from the others', async () => {
    // Every address of 127.0.0.0/8 is this machine.
    const one = await made({}, { maxLanPacketsPerSecond: 4, maxLanPacketsPerSecondOfAddress: 2 });
    const loud = ['1', '2', '3', '4', '5'].map((text) => ({ packet: saying(text), address: '127.0.0.66' }));
    expect(await receive(one, [...loud, ...sent([saying('heard')])])).toEqual(['1', '2', 'heard', 'end']);
  });
});

describe('packets to the local network', () => {
  const sendTo = ({ socket }: Made, text: string, port: number): Promise<unknown> =>
    new Promise((resolve) => socket.send(Buffer.from(text), 0, text.length, port, loopback, resolve));

  it('go out so often a second, whatever is asked', async () => {
    const one = await made({}, { maxLanSendsPerSecond: 2 });
    const receiver = await program();
    const heard: string[] = [];
    const ended = new Promise<void>((resolve) => {
      receiver.socket.on('message', (packet) => {
        heard.push(packet.toString());
        if (packet.toString() === 'later') resolve();
      });
    });
    for (const text of ['1', '2', '3', '4']) await sendTo(one, text, receiver.port);
    await one.clock.advance(1000);
    await sendTo(one, 'later', receiver.port);
    await ended;
    expect(heard).toEqual(['1', '2', 'later']);
    await one.socket.ready;
  });

  it('are not even made when they could not go out', async () => {
    const one = await made({}, { maxLanSendsPerSecond: 1 });
    const receiver = await program();
    await sendTo(one, 'x', receiver.port);
    const questions = [saying('who?', { isAnswer: false }), saying('here')];
    expect(await receive(one, sent(questions))).toEqual(['here', 'end']);
    await one.clock.advance(1000);
    expect(await receive(one, sent(questions))).toEqual(['who?', 'here', 'end']);
  });

  it('that the system refuses are told until one goes out again', async () => {
    const one = await made();
    const receiver = await program();
    await new Promise((resolve) => one.socket.send(Buffer.from('x'), 0, 1, 9, '255.255.255.255', resolve));
    expect(one.socket.problem).toMatchObject({ code: 'LAN_UNAVAILABLE', message: expect.stringContaining('EACCES') });
    expect(await rejection(one.socket.ready)).toBeInstanceOf(MeshError);
    await sendTo(one, 'x', receiver.port);
    expect(one.socket.problem).toBeUndefined();
  });

  it('are not sent any more once it is closed', async () => {
    const one = await made();
    open.splice(open.indexOf(one.socket), 1);
    one.socket.close();
    expect(await sendTo(one, 'x', 9)).toBeNull();
  });
});

describe('a machine that cannot', () => {
  const refused = async (socket: MulticastSocket): Promise<unknown> => rejection(socket.ready);
  const options = { clock: new ManualClock(), limits: defaultLimits };

  it('because another program keeps the port is told so', async () => {
    const { port } = await program();
    const socket = new MulticastSocket(options);
    open.push(socket);
    socket.bind(port, loopback, () => {});
    expect(await refused(socket)).toMatchObject({
      code: 'LAN_UNAVAILABLE',
      message: 'This machine cannot use multicast in the local network (EADDRINUSE)',
      hint: expect.stringContaining('Another program keeps UDP port 5353'),
    });
  });

  it('because it has no network is told so', async () => {
    const socket = new MulticastSocket(options);
    open.push(socket);
    socket.bind(await freePort(), '0.0.0.0', () => {});
    expect(await refused(socket)).toMatchObject({
      code: 'LAN_UNAVAILABLE',
      message: expect.stringContaining('(no network)'),
      hint: expect.stringMatching(/^Connect it to/),
    });
  });

  it('because no network takes it into the group is told why', async () => {
    const socket = new MulticastSocket(options);
    open.push(socket);
    socket.on('listening', () => {
      expect(() => socket.addMembership('10.0.0.1', loopback)).toThrow('EINVAL');
    });
    socket.bind(await freePort(), '0.0.0.0', () => {});
    expect(await refused(socket)).toMatchObject({ message: expect.stringContaining('(EINVAL)') });
  });

  it('because the system refuses what the library asks of it is told why', async () => {
    const socket = new MulticastSocket(options);
    open.push(socket);
    socket.on('listening', () => {
      socket.addMembership(group, loopback);
      socket.setMulticastTTL(256);
    });
    socket.bind(await freePort(), '0.0.0.0', () => {});
    expect(await refused(socket)).toMatchObject({ message: expect.stringContaining('(EINVAL)') });
  });

  it('because mesh.toml names an address that it does not have is told which it has', () => {
    const wrong = (): unknown => new MulticastSocket({ ...options, interface: '203.0.113.77' });
    expect(wrong).toThrow('This machine has no address 203.0.113.77');
    expect(wrong).toThrow(expect.objectContaining({ hint: expect.stringContaining(loopback) }));
  });
});
