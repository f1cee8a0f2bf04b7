import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import { formatHubAddress, parseHubAddress } from './index.ts';

const hub = party(1).agentId;

describe('the address of a hub', () => {
  it.each([
    ['http://127.0.0.1:7700', `http://127.0.0.1:7700/${hub}`],
    ['https://hub.example', `https://hub.example/${hub}`],
    ['https://example.org/our/hub', `https://example.org/our/hub/${hub}`],
  ])('is %s and its id', (base, url) => {
    expect(formatHubAddress({ base, hub })).toBe(url);
    expect(parseHubAddress(url)).toEqual({ base, hub });
  });

  it('has one slash before the id', () => {
    expect(formatHubAddress({ base: 'https://hub.example/', hub })).toBe(`https://hub.example/${hub}`);
  });

  it.each([
    ['that names no key', 'https://hub.example'],
    ['with a part behind the id', `https://hub.example/${hub}/x`],
    ['whose id was cut', `https://hub.example/${hub.slice(0, -1)}`],
    ['of another scheme', `ftp://hub.example/${hub}`],
    ['without a host', `https:///${hub}`],
    ['that is only an id', hub],
  ])('is none when it is one %s', (_what, url) => {
    expect(parseHubAddress(url)).toBeUndefined();
  });

  it.each(['hub.example', 'ws://hub.example', 'https://user@hub.example', `https://${'x'.repeat(480)}.example`])(
    'is refused for the base %s',
    (base) => {
      expect(codeThrownBy(() => formatHubAddress({ base, hub }))).toBe('INVALID_ARGUMENT');
    },
  );
});
