import { beforeEach, describe, expect, test } from 'vitest';
import { defaultLimits, silentLogger, systemRandom } from '#kernel';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { PlantedLan } from '../../test/support/planted-lan.ts';
import type { LanSettings } from './config.ts';
import { LanDesk } from './lan-desk.ts';

let lan: PlantedLan;
let clock: ManualClock;
beforeEach(() => {
  lan = new PlantedLan();
  clock = new ManualClock();
});

const deskWith = (settings: LanSettings): LanDesk =>
  new LanDesk({
    ports: lan,
    settings,
    versions: [1],
    clock,
    random: systemRandom,
    limits: defaultLimits,
    logger: silentLogger,
  });

const anywhere = { host: '0.0.0.0', port: 8787 };
const onLoopback = { host: '127.0.0.1', port: 8787 };

describe('a node', () => {
  test('keeps away from the local network unless it is told otherwise', async () => {
    for (const settings of [{}, { enabled: false }, { interface: '127.0.0.1' }]) {
      const desk = deskWith(settings);
      await desk.begin(anywhere);
      expect(desk.status).toBeUndefined();
      await desk.end();
    }
    expect(lan.attempts).toBe(0);
  });

  test('is announced with its port until it ends', async () => {
    const desk = deskWith({ enabled: true });
    await desk.begin(anywhere);
    expect(lan.announced).toEqual([{ name: 'mesh-1', port: 8787, interface: undefined }]);
    expect(desk.status).toEqual({ name: 'mesh-1' });
    await desk.end();
    expect(lan.announced).toEqual([]);
  });

  test('is announced in the network that it listens on, or the one that its owner names', async () => {
    const listening = deskWith({ enabled: true });
    await listening.begin({ host: '192.168.1.20', port: 1 });
    const named = deskWith({ enabled: true, interface: '10.0.0.5' });
    await named.begin({ host: '192.168.1.20', port: 2 });
    expect(lan.announced.map((one) => one.interface)).toEqual(['192.168.1.20', '10.0.0.5']);
    expect(named.status).toEqual({ name: 'mesh-2', interface: '10.0.0.5' });
  });
});

describe('a node that listens on loopback only', () => {
  test.each(['127.0.0.1', 'localhost', '::1'])('is not announced, and says why and what to do: %s', async (host) => {
    for (const settings of [{ enabled: true }, { enabled: true, interface: '192.168.1.20' }]) {
      const desk = deskWith(settings);
      await desk.begin({ host, port: 8787 });
      expect(desk.status?.name).toBeUndefined();
      expect(desk.status?.problem).toMatchObject({
        code: 'LAN_UNAVAILABLE',
        message: expect.stringContaining(`it listens on ${host} only`),
        hint: expect.stringContaining('mesh up --detach --lan --host 0.0.0.0'),
      });
      await desk.end();
    }
    expect([lan.attempts, clock.sleeping]).toEqual([0, 0]);
  });

  test('is announced on loopback when that is the network which was chosen', async () => {
    const desk = deskWith({ enabled: true, interface: '127.0.0.1' });
    await desk.begin(onLoopback);
    expect(desk.status).toEqual({ name: 'mesh-1', interface: '127.0.0.1' });
  });
});

describe('a machine without a network', () => {
  test('does not keep the node from starting, and is tried again until it has one', async () => {
    lan.broken = 'no network';
    const desk = deskWith({ enabled: true });
    await desk.begin(anywhere);
    expect(desk.status).toMatchObject({ problem: { code: 'LAN_UNAVAILABLE', message: 'no network' } });
    await clock.advance(defaultLimits.lanRetryMs);
    expect(lan.attempts).toBe(2);
    lan.broken = undefined;
    await clock.advance(defaultLimits.lanRetryMs);
    expect(desk.status).toEqual({ name: 'mesh-3' });
    await desk.end();
    expect([lan.announced, clock.sleeping]).toEqual([[], 0]);
  });

  test('does not keep it from stopping either', async () => {
    lan.broken = 'no network';
    const desk = deskWith({ enabled: true });
    await desk.begin(anywhere);
    await desk.end();
    expect([lan.attempts, clock.sleeping]).toEqual([1, 0]);
  });

  test('is told when it loses its network later', async () => {
    const desk = deskWith({ enabled: true });
    await desk.begin(anywhere);
    lan.broken = 'the cable is gone';
    expect(desk.status).toMatchObject({ name: 'mesh-1', problem: { message: 'the cable is gone' } });
  });
});
