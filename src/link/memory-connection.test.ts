import { describe, expect, test } from 'vitest';
import { connectionContract } from '../../test/contracts/connection.ts';
import { memoryTransport } from '../../test/support/link-transports.ts';
import { memoryConnections } from './memory-connection.ts';

describe('a memory connection', () => {
  connectionContract(memoryTransport);

  test('copies: what the sender changes afterwards does not change what arrives', async () => {
    const [dialler, listener] = memoryConnections();
    const bytes = Uint8Array.of(1, 2, 3);
    dialler.send(bytes);
    bytes.fill(0);
    expect(await listener.receive()).toEqual(Uint8Array.of(1, 2, 3));
  });

  test('loses what is under way when it is cut', async () => {
    const deliveries: (() => void)[] = [];
    const [dialler, listener] = memoryConnections({ schedule: (deliver) => deliveries.push(deliver) });
    dialler.send(Uint8Array.of(1));
    listener.cut();
    for (const deliver of deliveries.splice(0)) deliver();
    expect(await listener.receive()).toBeUndefined();
    expect((await dialler.closed).code).toBe(1006);
  });

  test('takes nothing more once it is cut: what is written then does not arrive behind a gap', async () => {
    const deliveries: (() => void)[] = [];
    const [dialler, listener] = memoryConnections({ schedule: (deliver) => deliveries.push(deliver) });
    for (const end of [dialler, listener]) end.send(Uint8Array.of(1));
    dialler.cut();
    for (const end of [dialler, listener]) end.send(Uint8Array.of(2));
    for (const deliver of deliveries.splice(0)) deliver();
    expect([await dialler.receive(), await listener.receive()]).toEqual([undefined, undefined]);
  });

  test('delivers when the given schedule says so and not before', async () => {
    const deliveries: (() => void)[] = [];
    const [dialler, listener] = memoryConnections({ schedule: (deliver) => deliveries.push(deliver) });
    dialler.send(Uint8Array.of(1));
    expect(dialler.bufferedBytes).toBe(1);
    for (const deliver of deliveries.splice(0)) deliver();
    expect(await listener.receive()).toEqual(Uint8Array.of(1));
    expect(dialler.bufferedBytes).toBe(0);
  });
});
