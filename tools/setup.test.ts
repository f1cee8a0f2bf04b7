import { describe, expect, it } from 'vitest';
import { atLeast } from './node24/ensure.mjs';
import { isInstalled } from './setup.mjs';

const locked = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a-linux': { version: '1.0.0', optional: true },
    'node_modules/a-mac': { version: '1.0.0', optional: true },
  },
};
const installed = { 'node_modules/a': { version: '1.0.0' }, 'node_modules/a-linux': { version: '1.0.0' } };

describe('the set-up', () => {
  it('leaves dependencies alone when they are those of the lock file', () => {
    expect(isInstalled(locked, { packages: installed })).toBe(true);
  });

  it('installs when there are none, one is missing, of another version or too many', () => {
    const { 'node_modules/a': _missing, ...without } = installed;
    expect(isInstalled(locked, undefined)).toBe(false);
    expect(isInstalled(locked, { packages: without })).toBe(false);
    expect(isInstalled(locked, { packages: { ...installed, 'node_modules/a': { version: '1.0.1' } } })).toBe(false);
    expect(isInstalled(locked, { packages: { ...installed, 'node_modules/b': { version: '1.0.0' } } })).toBe(false);
  });

  it('compares versions as numbers', () => {
    for (const version of ['24.16.0', '24.21.0', '25.0.0', '100.1.0']) expect(atLeast(version, '24.16')).toBe(true);
    for (const version of ['20.20.2', '24.15.99', '24.9.0', '9.99.0']) expect(atLeast(version, '24.16')).toBe(false);
  });
});
