import { describe, expect, it } from 'vitest';
import { diffOf, movesAddress } from './diff.ts';

const alice = { name: 'Alice', emailPrefix: 'alice', ip: '10.0.0.10' };
const bob = { name: 'Bob', emailPrefix: 'bob', ip: '10.0.0.11', hostname: 'agent-bob-0' };
const carol = { name: 'Carol', emailPrefix: 'carol', ip: undefined };

describe('what a new registry changes', () => {
  it('is who is new, who is gone and which fields differ; the key is the email prefix', () => {
    const { changes, unchanged } = diffOf(
      [alice, bob, carol],
      [
        { ...bob, emailPrefix: 'BOB', ip: '10.0.0.12', hostname: undefined },
        alice,
        { name: 'Dan', emailPrefix: 'dan' },
      ],
    );
    expect(unchanged).toBe(1);
    expect(changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['changed Bob', 'added Dan', 'removed Carol']);
    expect(changes[0]?.fields).toEqual([
      { field: 'emailPrefix', before: 'bob', after: 'BOB' },
      { field: 'ip', before: '10.0.0.11', after: '10.0.0.12' },
      { field: 'hostname', before: 'agent-bob-0' },
    ]);
  });

  it('is nothing when only the order differs', () => {
    expect(diffOf([alice, bob], [{ ...bob }, { emailPrefix: 'alice', ip: '10.0.0.10', name: 'Alice' }])).toEqual({
      changes: [],
      unchanged: 2,
    });
  });

  it.each([
    [{ ...bob, ip: '10.0.0.12' }, true],
    [{ ...bob, port: 1 }, true],
    [{ ...bob, url: 'wss://mallory.example' }, true],
    [{ ...bob, mesh: 'did:key:z6Mk' }, true],
    [{ ...bob, hostname: 'other' }, false],
    [{ ...bob, name: 'Robert' }, false],
  ])('to %j moves where somebody is reached: %j', (after, moves) => {
    expect(diffOf([bob], [after]).changes.map(movesAddress)).toEqual([moves]);
  });

  it('moves the address of who is new, and not of who is gone', () => {
    expect(diffOf([], [bob]).changes.map(movesAddress)).toEqual([true]);
    expect(diffOf([bob, alice], [alice]).changes.map(movesAddress)).toEqual([false]);
  });
});
