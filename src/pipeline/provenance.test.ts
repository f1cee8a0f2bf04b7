import { describe, expect, it } from 'vitest';
import { party } from '../../test/support/trust-fixtures.ts';
import { provenanceFor } from './provenance.ts';
import { maxSources, type Source, sourcesIn } from './sources.ts';

const [me, peer, other] = [party(1).agentId, party(2).agentId, party(3).agentId];
const idOf = (n: number): Source['message'] => `msg_0192f0c1-7c1e-7e2a-9d2b-${String(n).padStart(12, '0')}`;
const between = { agent: { agentId: me }, peer } as Parameters<typeof provenanceFor>[0];

describe('the sources of a message', () => {
  it('are each once, without the two between whom it goes', () => {
    const sources = [
      { agent: other, message: idOf(1) },
      { agent: peer, message: idOf(2) },
      { agent: me, message: idOf(3) },
      { agent: other, message: idOf(1) },
      { agent: other, message: idOf(4) },
    ];
    expect(provenanceFor(between, sources)).toEqual([
      { agent: other, message: idOf(1) },
      { agent: other, message: idOf(4) },
    ]);
    expect(provenanceFor(between, sources.slice(1, 3))).toBeUndefined();
    expect(provenanceFor(between, undefined)).toBeUndefined();
  });

  it('are never more than the most: the first, and the latest', () => {
    const many = Array.from({ length: 40 }, (_, n) => ({ agent: other, message: idOf(n) }));
    const kept = provenanceFor(between, many) ?? [];
    expect(kept).toHaveLength(maxSources);
    expect(kept[0]).toEqual(many[0]);
    expect(kept.slice(1)).toEqual(many.slice(25));
  });

  it('are read from entries of their form alone', () => {
    const entry = { agent: other, message: idOf(1) };
    const odd = [
      null,
      1,
      'x',
      [],
      {},
      { agent: other },
      { agent: 'bob', message: idOf(1) },
      { agent: other, message: 'm' },
    ];
    expect(sourcesIn({ provenance: [...odd, { ...entry, more: true }] })).toEqual([entry]);
  });
});
