import { describe, expect, it } from 'vitest';
import { codeThrownBy } from '../../test/support/code-thrown-by.ts';
import { party } from '../../test/support/trust-fixtures.ts';
import { type DiscoveryDocument, parseDiscovery } from './index.ts';

const document: DiscoveryDocument = {
  protocol: 'agent-mesh',
  versions: [1],
  agents: [party(1).card],
  software: 'agent-mesh/0.1.0',
};

describe('a discovery document', () => {
  it('is read with its cards as they are', () => {
    expect(parseDiscovery(JSON.parse(JSON.stringify(document)))).toEqual(document);
  });

  it('may say more than is known', () => {
    expect(parseDiscovery({ ...document, motto: 'hello' })).toEqual(document);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a list', [document]],
    ['of another protocol', { ...document, protocol: 'mesh' }],
    ['without versions', { ...document, versions: undefined }],
    ['with a version as text', { ...document, versions: ['1'] }],
    ['with 17 versions', { ...document, versions: Array.from({ length: 17 }, () => 1) }],
    ['without agents', { ...document, agents: {} }],
    ['with 101 agents', { ...document, agents: Array.from({ length: 101 }, () => ({})) }],
    ['with software that drives the terminal', { ...document, software: '\u001b[2J' }],
    ['with software of a long name', { ...document, software: 'x'.repeat(101) }],
  ])('is refused when it is %s', (_what, value) => {
    expect(codeThrownBy(() => parseDiscovery(value))).toBe('MALFORMED');
  });
});
