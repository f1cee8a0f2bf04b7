import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { gatewayPlaceOf, hostKind } from './gateway-address.ts';

const bob = { name: 'Bob', emailPrefix: 'bob' };
const place = (
  facts: { readonly ip?: string; readonly port?: number; readonly url?: string },
  allowPlaintext = false,
) => gatewayPlaceOf({ ...bob, ...facts }, { allowPlaintext });
const refusal = (facts: { readonly ip?: string; readonly url?: string }, allowPlaintext = false) =>
  codeThrownBy(() => place(facts, allowPlaintext));

describe('where the gateway of a teammate is called', () => {
  it('is its IP address and port, or its URL', () => {
    expect(place({ ip: '127.0.0.1' })).toEqual({ url: 'ws://127.0.0.1:18789', isLoopback: true });
    expect(place({ ip: '::1', port: 1 })).toEqual({ url: 'ws://[::1]:1', isLoopback: true });
    expect(place({ ip: '10.0.0.1', url: 'wss://bob.example/gateway' })).toEqual({
      url: 'wss://bob.example/gateway',
      isLoopback: false,
    });
  });

  it.each(['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1'])(
    'is unencrypted at the private address %s only when that was allowed',
    (ip) => {
      expect(refusal({ ip })).toBe('PLAINTEXT_REFUSED');
      expect(place({ ip }, true).isLoopback).toBe(false);
    },
  );

  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '169.254.169.254',
    '192.0.2.1',
    '0.0.0.0',
    '2001:db8::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ])('is never unencrypted at %s', (ip) => {
    expect(refusal({ ip }, true)).toBe('PLAINTEXT_REFUSED');
  });

  it.each(['ws://bob.example', 'ws://10.0.0.1.example', 'ws://127.0.0.1.example', 'ws://2130706433.example'])(
    'is never unencrypted at a name: %s',
    (url) => {
      expect(refusal({ url }, true)).toBe('PLAINTEXT_REFUSED');
    },
  );

  it('is asked for when the registry has none', () => {
    expect(refusal({})).toBe('TEAM_ADDRESS_MISSING');
  });

  it('is judged as it is called, however it is written', () => {
    // The URL parser makes an address of it.
    expect(place({ url: 'ws://2130706433:1' })).toEqual({ url: 'ws://127.0.0.1:1', isLoopback: true });
    expect(hostKind(new URL('ws://0x0a000001').hostname)).toBe('private');
    expect(hostKind('localhost')).toBe('loopback');
    expect(hostKind('[::1]')).toBe('loopback');
    expect(hostKind('[::ffff:7f00:1]')).toBe('public');
  });
});
