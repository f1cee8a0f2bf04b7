import { describe, expect, it } from 'vitest';
import { MeshError, toMeshError } from '#kernel';
import { contactIn, party, readerOf } from '../../test/support/trust-fixtures.ts';
import { resolveContact, resolveRequest } from './resolve-contact.ts';

const bob = contactIn('trusted', party(1), { petname: 'bob' });
const bobby = contactIn('trusted', party(2), { petname: 'bobby' });
const carol = contactIn('requested-in', party(3), {
  petname: 'carol',
  requestId: 'req_01900000-0000-7000-8000-000000000001',
});
const elsewhere = contactIn('trusted', party(4), { petname: 'dave', agent: 'other' });
const reader = readerOf([bob, bobby, carol, elsewhere]);
const distinct = (id: string): string => id.slice('did:key:z6Mk'.length);

function refusal(action: () => unknown): MeshError {
  try {
    action();
  } catch (error) {
    return toMeshError(error);
  }
  return new MeshError('INTERNAL', 'nothing was refused');
}

describe('a contact is found', () => {
  it('by its exact petname, also when that begins another one', () => {
    expect(resolveContact(reader, 'me', 'bob')).toBe(bob);
    expect(resolveContact(reader, 'me', 'bobby')).toBe(bobby);
  });

  it('by its id and by six characters of what is its own in it, with or without the common beginning', () => {
    expect(resolveContact(reader, 'me', bob.agentId)).toBe(bob);
    expect(resolveContact(reader, 'me', distinct(bob.agentId).slice(0, 6))).toBe(bob);
    expect(resolveContact(reader, 'me', `did:key:z6Mk${distinct(bobby.agentId).slice(0, 6)}`)).toBe(bobby);
  });

  it('by its petname, even when that is the beginning of another id', () => {
    const prefix = distinct(bob.agentId).slice(0, 6);
    const named = { ...bobby, petname: prefix };
    expect(resolveContact(readerOf([bob, named]), 'me', prefix)).toBe(named);
  });
});

describe('a contact is not found', () => {
  it('by part of its name, and the hint lists the nearest names', () => {
    const error = refusal(() => resolveContact(reader, 'me', 'bo'));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.hint).toContain('bob or bobby');
    expect(refusal(() => resolveContact(reader, 'me', 'carl')).data['nearest']).toEqual(['carol']);
  });

  it('when nothing is like it, nor among the contacts of another agent', () => {
    expect(refusal(() => resolveContact(reader, 'me', 'dave'))).toMatchObject({
      code: 'NOT_FOUND',
      data: { nearest: [] },
    });
    expect(refusal(() => resolveContact(reader, 'me', party(9).agentId)).code).toBe('NOT_FOUND');
  });

  it('by a prefix that says too little, though it would match only one', () => {
    const alone = readerOf([bob]);
    const error = refusal(() => resolveContact(alone, 'me', 'did:key:z6Mk'));
    expect(error.code).toBe('NOT_FOUND');
    expect(error.message).toContain('too short');
    expect(refusal(() => resolveContact(alone, 'me', distinct(bob.agentId).slice(0, 5))).code).toBe('NOT_FOUND');
  });

  it('by text that is a pattern or a path', () => {
    for (const text of ['%%%%%%', '______', '../../x', 'bob\0', '']) {
      expect(refusal(() => resolveContact(reader, 'me', text)).code).toBe('NOT_FOUND');
    }
  });

  it('when several ids begin so: the error lists them', () => {
    const prefix = distinct(bob.agentId).slice(0, 6);
    const twin = { ...bobby, petname: 'twin', agentId: `did:key:z6Mk${prefix}TwinTwin` as const };
    const error = refusal(() => resolveContact(readerOf([bob, twin]), 'me', prefix));
    expect(error.code).toBe('AMBIGUOUS');
    expect(error.data['matches']).toEqual([
      { petname: 'bob', agentId: bob.agentId },
      { petname: 'twin', agentId: twin.agentId },
    ]);
  });
});

describe('a contact request', () => {
  it('is found by its id, or by its contact', () => {
    expect(resolveRequest(reader, 'me', 'req_01900000-0000-7000-8000-000000000001')).toBe(carol);
    expect(resolveRequest(reader, 'me', 'carol')).toBe(carol);
  });

  it('is not found by an id that is none', () => {
    for (const id of [
      'req_../../peers/evil',
      'req_01900000-0000-7000-8000-000000000001\0',
      'req_',
      'req_01900000-0000-7000-8000-000000000009',
    ]) {
      expect(refusal(() => resolveRequest(reader, 'me', id)).code).toBe('NOT_FOUND');
    }
  });
});
