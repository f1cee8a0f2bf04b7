import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import { type LanAnswer, lanUrls } from './lan-answer.ts';
import { isLocalAddress, isLoopback } from './local-address.ts';

const text = ['v=1,2', 'path=/agent-mesh/discovery'];
const answer: LanAnswer = {
  name: 'mesh-0011223344556677',
  source: '192.168.1.20',
  port: 8787,
  addresses: ['192.168.1.20'],
  text,
};
const urls = (change: Partial<LanAnswer> = {}): readonly string[] => lanUrls({ ...answer, ...change }, defaultLimits);

describe('an address', () => {
  it.each([
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.254',
    '192.168.0.1',
    '169.254.7.7',
    '127.0.0.1',
    'fd00::2',
    'fe80::1',
  ])('of a local network is one: %s', (address) => expect(isLocalAddress(address)).toBe(true));

  it.each([
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '255.255.255.255',
    '224.0.0.251',
    '2001:db8::1',
    '::',
    'ff02::fb',
    '::ffff:8.8.8.8',
    '::ffff:192.168.0.1',
    'fd00::1%eth0',
    '010.0.0.1',
    '10.0.0.1.example.com',
    'localhost',
    '192.168.1.20@example.com',
    '',
  ])('of anywhere else, or something else, is none: %s', (address) => expect(isLocalAddress(address)).toBe(false));

  it('of this machine itself is told apart', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].map(isLoopback)).toEqual([true, true, true]);
    expect(['128.0.0.1', '192.168.1.20', '::2'].map(isLoopback)).toEqual([false, false, false]);
  });
});

describe('an answer from the local network', () => {
  it('leads to where it came from, then to what it names', () => {
    expect(urls()).toEqual(['http://192.168.1.20:8787']);
    expect(urls({ addresses: ['10.0.0.7', 'fd00::7', '192.168.1.20'] })).toEqual([
      'http://192.168.1.20:8787',
      'http://10.0.0.7:8787',
      'http://[fd00::7]:8787',
    ]);
  });

  it('leads nowhere outside, whatever it names', () => {
    expect(urls({ addresses: ['8.8.8.8', 'example.com', '2001:db8::1', '192.168.1.20/x', 'user@10.0.0.1'] })).toEqual([
      'http://192.168.1.20:8787',
    ]);
    expect(urls({ source: '8.8.8.8' })).toEqual([]);
    expect(urls({ source: '' })).toEqual([]);
  });

  it('leads to no program on the own loopback, unless it came from there', () => {
    expect(urls({ addresses: ['127.0.0.1', '::1', '10.0.0.7'] })).toEqual([
      'http://192.168.1.20:8787',
      'http://10.0.0.7:8787',
    ]);
    expect(urls({ source: '127.0.0.1', addresses: ['::1'] })).toEqual(['http://127.0.0.1:8787', 'http://[::1]:8787']);
  });

  it('with addresses that a URL cannot name goes on without them', () => {
    expect(urls({ addresses: ['fe80::1'] })).toEqual(['http://192.168.1.20:8787']);
  });

  it('with many addresses leads to a few', () => {
    const addresses = Array.from({ length: 200 }, (_, index) => `10.0.0.${index}`);
    expect(urls({ addresses })).toHaveLength(1 + defaultLimits.maxLanAddresses);
  });

  it.each([0, -1, 65_536, 1.5, Number.NaN])('with a port that cannot be leads nowhere: %s', (port) => {
    expect(urls({ port })).toEqual([]);
  });

  it('that is not that of a node leads nowhere', () => {
    expect(urls({ text: [] })).toEqual([]);
    expect(urls({ text: ['v=1', 'path=/cgi-bin/reboot'] })).toEqual([]);
    expect(urls({ text: [...text, `x=${'y'.repeat(600)}`] })).toEqual([]);
  });

  it('never leads out of the local network, whatever it holds', () => {
    const hostile = fc.record({
      name: fc.string(),
      source: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('10.0.0.1'), fc.string()),
      port: fc.oneof(fc.nat(70_000), fc.double()),
      addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())),
      text: fc.constantFrom(text, [], ['v=1']),
    });
    fc.assert(
      fc.property(hostile, (one) => {
        for (const url of lanUrls(one, defaultLimits)) {
          const { protocol, hostname, pathname, username } = new URL(url);
          expect([protocol, pathname, username]).toEqual(['http:', '/', '']);
          expect(isLocalAddress(hostname.replaceAll(/[[\]]/g, ''))).toBe(true);
        }
      }),
    );
  });
});
