import { describe, expect, it } from 'vitest';
import { MeshError } from '#kernel';
import { findTeammate } from './find-teammate.ts';

const alice = { name: 'Alice', emailPrefix: 'alice', nickname: ['Al', 'Chief'] };
const bob = { name: 'Bob', emailPrefix: 'bob', redName: '那笙' };
const bobby = { name: 'Bobby Tables', emailPrefix: 'btables', nickname: 'bob' };
const registry = { path: 'registry.json', teammates: [alice, bob, bobby] };

const find = (text: string) => findTeammate(text, registry);

function refusal(text: string): MeshError {
  try {
    find(text);
  } catch (error) {
    if (error instanceof MeshError) return error;
  }
  throw new Error('It was found');
}

describe('a teammate that is named', () => {
  it.each([
    ['Alice', alice],
    ['ALICE', alice],
    ['  chief ', alice],
    ['al', alice],
    ['那笙', bob],
    ['bobby tables', bobby],
    ['btables', bobby],
    ['Ｂｔａｂｌｅｓ', bobby],
  ])('%j is found by its whole name, nickname or email prefix', (text, teammate) => {
    expect(find(text)).toBe(teammate);
  });

  it.each(['ali', 'lice', 'Bobby', 'alice2', 'a', ''])('%j is nobody: a part is no name', (text) => {
    expect(refusal(text).code).toBe('NOT_FOUND');
  });

  it('that is nobody is answered with who there is, those first who may be meant', () => {
    const { hint, data } = refusal('tab');
    expect(data['candidates']).toEqual(['Bobby Tables (btables)', 'Alice', 'Bob']);
    expect(hint).toContain('Bobby Tables (btables), Alice, Bob');
  });

  it('by a word that means two is never one of them, and an @ tells them apart', () => {
    const error = refusal('bob');
    expect(error.code).toBe('AMBIGUOUS');
    expect(error.data['matches']).toEqual(['bob@  Bob', 'btables@  Bobby Tables']);
    expect(find('bob@')).toBe(bob);
    expect(find('Bob@example.com')).toBe(bob);
    expect(refusal('al@example.com').code).toBe('NOT_FOUND');
  });
});
