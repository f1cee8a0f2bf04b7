import { describe, expect, it } from 'vitest';
import { lanUnavailable, networkOf, onlyNetwork } from './own-networks.ts';

const own = (...addresses: readonly string[]) => addresses.map((address) => ({ address }));

describe('the network that is meant when none is named', () => {
  it('is the only local one, also on a machine without a way into the world', () => {
    expect(onlyNetwork(own('127.0.0.1', '192.168.1.20'))).toBe('192.168.1.20');
    expect(onlyNetwork(own('127.0.0.1', '203.0.113.9', '10.0.0.5'))).toBe('10.0.0.5');
  });

  it('is left to the system when there are several, or none', () => {
    expect(onlyNetwork(own('127.0.0.1', '192.168.1.20', '172.17.0.1'))).toBeUndefined();
    expect(onlyNetwork(own('127.0.0.1', '203.0.113.9'))).toBeUndefined();
    expect(onlyNetwork(own())).toBeUndefined();
  });
});

describe('the network of an address of this machine', () => {
  it('holds its neighbours and nobody else', () => {
    const network = networkOf('127.0.0.1');
    expect(['127.0.0.1', '127.255.0.9'].map((address) => network.check(address))).toEqual([true, true]);
    expect(['128.0.0.1', '192.168.1.20'].map((address) => network.check(address))).toEqual([false, false]);
  });

  it('is not there for an address of another machine: what this one has is told', () => {
    expect(() => networkOf('203.0.113.77')).toThrow(
      expect.objectContaining({ code: 'LAN_UNAVAILABLE', hint: expect.stringContaining('It has 127.0.0.1') }),
    );
  });
});

describe('what the system refuses', () => {
  it.each([
    ['EADDRINUSE', 'Another program keeps UDP port 5353'],
    ['EACCES', 'allow UDP port 5353'],
    ['EPERM', 'allow UDP port 5353'],
    ['ENETUNREACH', 'Connect it to'],
  ])('is told with what can be done: %s', (code, hint) => {
    const error = lanUnavailable(Object.assign(new Error('no'), { code }), undefined);
    expect(error).toMatchObject({ code: 'LAN_UNAVAILABLE', hint: expect.stringContaining(hint) });
    expect(error.message).toBe(`This machine cannot use multicast in the local network (${code})`);
    expect(lanUnavailable({ code }, '10.0.0.5').message).toContain('in the network of 10.0.0.5');
  });
});
