import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '#link';
import type { LinkTransport } from '../support/link-transports.ts';

/** What every kind of connection must do. */
export function connectionContract(open: () => Promise<LinkTransport>): void {
  let transport: LinkTransport;
  let pair: readonly [Connection, Connection];

  beforeAll(async () => {
    transport = await open();
  });
  afterAll(() => transport.close());

  const connect = async (): Promise<readonly [Connection, Connection]> => {
    pair = await transport.connect();
    return pair;
  };

  describe('messages', () => {
    test('arrive whole and in order, both ways', async () => {
      const [dialler, listener] = await connect();
      for (let index = 0; index < 100; index += 1) {
        dialler.send(Uint8Array.of(index, 1));
        listener.send(Uint8Array.of(index, 2));
      }
      for (let index = 0; index < 100; index += 1) {
        expect(await listener.receive()).toEqual(bytesOf(index, 1));
        expect(await dialler.receive()).toEqual(bytesOf(index, 2));
      }
    });

    test('may be empty, and as large as a handshake frame', async () => {
      const [dialler, listener] = await connect();
      dialler.send(new Uint8Array());
      dialler.send(new Uint8Array(512 * 1024).fill(7));
      expect(await listener.receive()).toHaveLength(0);
      const large = await listener.receive();
      expect(large).toHaveLength(512 * 1024);
      expect(large?.every((byte) => byte === 7)).toBe(true);
    });

    test('that nobody reads make the writer wait until they are read', async () => {
      const [dialler, listener] = await connect();
      const count = 64;
      for (let index = 0; index < count; index += 1) dialler.send(new Uint8Array(512 * 1024));
      expect(dialler.bufferedBytes).toBeGreaterThan(1024 * 1024);
      let read = 0;
      const drained = dialler.drained().then(() => read);
      while (read < count) {
        expect(await listener.receive()).toHaveLength(512 * 1024);
        read += 1;
      }
      expect(await drained).toBeGreaterThan(0);
      expect(dialler.bufferedBytes).toBeLessThanOrEqual(1024 * 1024);
    });
  });

  describe('an end', () => {
    test('by close lets arrive what was sent before, and both sides learn code and reason', async () => {
      const [dialler, listener] = await connect();
      dialler.send(Uint8Array.of(1));
      dialler.close(1008, 'NOT_TRUSTED');
      expect(await listener.receive()).toEqual(bytesOf(1));
      expect(await listener.receive()).toBeUndefined();
      expect(await listener.closed).toEqual({ code: 1008, reason: 'NOT_TRUSTED' });
      expect(await dialler.closed).toEqual({ code: 1008, reason: 'NOT_TRUSTED' });
    });

    test('by close stops receiving, also for a reader that waits', async () => {
      const [dialler, listener] = await connect();
      const waiting = dialler.receive();
      dialler.close(1000, '');
      listener.send(Uint8Array.of(1));
      expect(await waiting).toBeUndefined();
      expect(await dialler.receive()).toBeUndefined();
      await dialler.closed;
    });

    test('by cut is 1006 on both sides and wakes readers and writers', async () => {
      const [dialler, listener] = await connect();
      const waiting = dialler.receive();
      for (let index = 0; index < 64; index += 1) dialler.send(new Uint8Array(512 * 1024));
      const drained = dialler.drained();
      listener.cut();
      expect(await waiting).toBeUndefined();
      expect(await dialler.closed).toEqual({ code: 1006, reason: '' });
      expect(await listener.closed).toEqual({ code: 1006, reason: '' });
      await drained;
    });

    test.each(['dialler', 'listener'] as const)(
      'by cut of the %s loses the last messages, and never one before them',
      async (who) => {
        const [dialler, listener] = await connect();
        const sent = Array.from({ length: 20 }, (_, index) => index);
        for (const index of sent) {
          if (index === 10) (who === 'dialler' ? dialler : listener).cut();
          dialler.send(Uint8Array.of(index));
        }
        const arrived: number[] = [];
        for (let bytes = await listener.receive(); bytes !== undefined; bytes = await listener.receive())
          arrived.push(...bytes);
        expect(arrived).toEqual(sent.slice(0, arrived.length));
        await Promise.all([dialler.closed, listener.closed]);
      },
    );

    test('makes send take nothing, and close do nothing', async () => {
      const [dialler, listener] = await connect();
      dialler.cut();
      await Promise.all([dialler.closed, listener.closed]);
      for (const connection of [dialler, listener]) {
        expect(connection.send(Uint8Array.of(1))).toBe(false);
        connection.close(1000, '');
        connection.cut();
        expect(await connection.receive()).toBeUndefined();
      }
    });
  });

  describe('a receive limit', () => {
    test('is told when more comes in, also inside one message', async () => {
      const [dialler, listener] = await connect();
      const exceeded = new Promise<string>((resolve) => {
        listener.limitReceive({ maxBytes: 8192, onExceeded: () => resolve('exceeded') });
      });
      dialler.send(new Uint8Array(400 * 1024));
      expect(await exceeded).toBe('exceeded');
    });

    test('lets pass what is within it, and all once it is lifted', async () => {
      const [dialler, listener] = await connect();
      let exceeded = false;
      const onExceeded = (): void => {
        exceeded = true;
      };
      listener.limitReceive({ maxBytes: 8192, onExceeded });
      dialler.send(new Uint8Array(8000));
      expect(await listener.receive()).toHaveLength(8000);
      listener.limitReceive();
      dialler.send(new Uint8Array(100_000));
      expect(await listener.receive()).toHaveLength(100_000);
      expect(exceeded).toBe(false);
    });
  });
}

/** Equal to what a transport hands over, whether that is a Buffer or not. */
const bytesOf = (...bytes: number[]): unknown =>
  expect.toSatisfy(
    (value: unknown) => value instanceof Uint8Array && Buffer.compare(value, Uint8Array.from(bytes)) === 0,
  );
