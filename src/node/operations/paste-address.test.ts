import { expect, test } from 'vitest';
import { pasteAddress } from './paste-address.ts';

test('an address that a shell would take apart is not offered for pasting', () => {
  for (const endpoint of [
    'http://x/;id',
    'http://x/$(id)',
    'http://x/`id`',
    "http://x/'",
    'http://x/a&b',
    'http://x/ y',
  ]) {
    expect(pasteAddress([endpoint])).toBe('URL');
  }
  expect(pasteAddress([])).toBe('URL');
  expect(pasteAddress(['http://x/;id', 'http://10.0.0.5:8787'])).toBe('http://10.0.0.5:8787');
  expect(pasteAddress(['https://mesh.example/bob'])).toBe('https://mesh.example/bob');
});
