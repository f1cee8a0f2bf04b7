import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, fromHex, systemRandom, toBase64url } from '#kernel';
import { agentIdOf, generateKeyPair, keyPairFromSeed, publicKeyOf, sign } from '#identity';
import {
  appendAudit,
  type AuditEntry,
  type AuditWriter,
  checkpointDue,
  genesis,
  hashEntry,
  makeCheckpoint,
  verifyAudit,
} from './index.ts';

const root = keyPairFromSeed(new Uint8Array(32).fill(1));
const rootId = agentIdOf(root.publicKey);
const stranger = generateKeyPair(systemRandom);

/** The port over an array. */
function arrayLog(): AuditWriter & { readonly all: AuditEntry[] } {
  const all: AuditEntry[] = [];
  return {
    all,
    last: () => all.at(-1),
    entries: ({ kind, afterSeq = 0, limit }) =>
      all.filter((entry) => entry.seq > afterSeq && (kind === undefined || entry.kind === kind)).slice(0, limit),
    insert: (entry) => void all.push(entry),
  };
}

/** Six entries, of which the fourth is a checkpoint. */
function sampleLog() {
  const log = arrayLog();
  const append = (at: number) =>
    appendAudit(log, { at, agent: 'alice', kind: 'frame.sealed', data: { peer: 'p', n: at } });
  for (const at of [1, 2, 3]) append(at);
  makeCheckpoint(log, { at: 4, agent: 'alice', root });
  for (const at of [5, 6]) append(at);
  return log;
}

const rehash = (entry: AuditEntry): AuditEntry => ({ ...entry, hash: hashEntry(entry.previous, entry) });

/** Makes every hash right again, as somebody who can write the database would. */
function rechain(entries: readonly AuditEntry[]): AuditEntry[] {
  const chain: AuditEntry[] = [];
  for (const entry of entries) {
    const last = chain.at(-1);
    chain.push(rehash({ ...entry, seq: (last?.seq ?? 0) + 1, previous: last?.hash ?? genesis }));
  }
  return chain;
}

/** As a database gives it back. */
const stored = (entries: readonly AuditEntry[]): AuditEntry[] => JSON.parse(JSON.stringify(entries)) as AuditEntry[];

const replaced = (entries: readonly AuditEntry[], index: number, change: Partial<AuditEntry>): AuditEntry[] =>
  entries.map((entry, at) => (at === index ? { ...entry, ...change } : entry));

describe('the audit chain', () => {
  it('begins at zeros and goes on from hash to hash', () => {
    const { all } = sampleLog();
    expect(all.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(all[0]?.previous).toBe('0'.repeat(64));
    for (const [index, entry] of all.slice(1).entries()) expect(entry.previous).toBe(all[index]?.hash);
  });

  it('hashes as spec 8.2 says', () => {
    const [entry] = sampleLog().all;
    const text = '{"agent":"alice","at":1,"data":{"n":1,"peer":"p"},"kind":"frame.sealed","seq":1}';
    expect(
      new TextDecoder().decode(
        canonicalJson({ seq: 1, at: 1, agent: 'alice', kind: 'frame.sealed', data: { peer: 'p', n: 1 } }),
      ),
    ).toBe(text);
    expect(entry?.hash).toBe('e63430ee67f8d07cd607cbddcbea6ce058b535bcb30cbc06c98a9fa0fb5e5dac');
  });

  it('verifies as it was written, whole, in parts and empty', () => {
    const { all } = sampleLog();
    const last = { seq: 6, hash: all[5]?.hash };
    expect(verifyAudit(all)).toEqual({ ok: true, entries: 6, checkpoints: 1, last });
    const part = verifyAudit(all.slice(0, 2));
    expect(part.ok).toBe(true);
    const { last: start } = part;
    if (start === undefined) throw new Error('the part has an end');
    expect(verifyAudit(all.slice(2), { start })).toEqual({ ok: true, entries: 4, checkpoints: 1, last });
    expect(verifyAudit([])).toEqual({ ok: true, entries: 0, checkpoints: 0 });
  });

  it('verifies for any data and finds any change of it', () => {
    const value = fc.oneof(
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.constant(null),
      fc.array(fc.string()),
    );
    const data = fc.dictionary(fc.string(), value);
    fc.assert(
      fc.property(fc.array(data, { minLength: 1, maxLength: 5 }), fc.nat(), (all, pick) => {
        const log = arrayLog();
        for (const entry of all) appendAudit(log, { at: 1, agent: 'a', kind: 'k', data: entry });
        expect(verifyAudit(log.all).ok).toBe(true);
        expect(verifyAudit(stored(log.all)).ok).toBe(true);
        const index = pick % log.all.length;
        const changed = replaced(log.all, index, { data: { ...log.all[index]?.data, added: 'x' } });
        expect(verifyAudit(changed)).toMatchObject({ ok: false, entries: index });
      }),
      { numRuns: 100 },
    );
  });
});

interface Tampering {
  readonly tamper: (all: readonly AuditEntry[]) => readonly AuditEntry[];
  readonly seq: number;
  readonly reason: string;
}

const changedReason = 'the entry was changed after it was written';
const brokenReason = 'the entry does not continue the one before it';
const missingReason = 'entries are missing';
const orderReason = 'entries are repeated or out of order';
const elsewhereReason = 'the checkpoint is about another place in the chain';
const signatureReason = 'the signature of the checkpoint does not verify';

const tamperings: Readonly<Record<string, Tampering>> = {
  'a changed time': { tamper: (all) => replaced(all, 1, { at: 99 }), seq: 2, reason: changedReason },
  'a changed agent': { tamper: (all) => replaced(all, 1, { agent: 'bob' }), seq: 2, reason: changedReason },
  'a changed kind': { tamper: (all) => replaced(all, 1, { kind: 'x' }), seq: 2, reason: changedReason },
  'changed data': { tamper: (all) => replaced(all, 1, { data: {} }), seq: 2, reason: changedReason },
  'a changed hash': { tamper: (all) => replaced(all, 1, { hash: 'f'.repeat(64) }), seq: 2, reason: changedReason },
  'a hash that is no hash': { tamper: (all) => replaced(all, 1, { hash: 'x' }), seq: 2, reason: changedReason },
  'data that cannot be canonical': {
    tamper: (all) => replaced(all, 1, { data: { n: Number.NaN } }),
    seq: 2,
    reason: changedReason,
  },
  'a changed entry with its hash made right': {
    tamper: (all) => all.map((entry, index) => (index === 1 ? rehash({ ...entry, at: 99 }) : entry)),
    seq: 3,
    reason: brokenReason,
  },
  'a changed link': { tamper: (all) => replaced(all, 2, { previous: '1'.repeat(64) }), seq: 3, reason: brokenReason },
  'a changed first link': {
    tamper: (all) => replaced(all, 0, { previous: '1'.repeat(64) }),
    seq: 1,
    reason: brokenReason,
  },
  'a removed entry': { tamper: (all) => all.toSpliced(1, 1), seq: 2, reason: missingReason },
  'a removed beginning': { tamper: (all) => all.slice(2), seq: 1, reason: missingReason },
  'a removed entry with numbers made right': {
    tamper: (all) => all.toSpliced(1, 1).map((entry, index) => ({ ...entry, seq: index + 1 })),
    seq: 2,
    reason: brokenReason,
  },
  'an inserted entry': {
    tamper: (all) =>
      all.toSpliced(
        2,
        0,
        rehash({ seq: 3, at: 3, agent: 'a', kind: 'k', data: {}, previous: all[1]?.hash ?? '', hash: '' }),
      ),
    seq: 4,
    reason: orderReason,
  },
  'a repeated entry': { tamper: (all) => all.toSpliced(1, 0, ...all.slice(0, 1)), seq: 2, reason: orderReason },
  'two entries that changed places': {
    tamper: (all) => [...all.slice(0, 1), ...all.slice(1, 3).toReversed(), ...all.slice(3)],
    seq: 2,
    reason: missingReason,
  },
  'two that changed places, with numbers made right': {
    tamper: (all) =>
      [...all.slice(0, 1), ...all.slice(1, 3).toReversed(), ...all.slice(3)].map((entry, index) => ({
        ...entry,
        seq: index + 1,
      })),
    seq: 2,
    reason: brokenReason,
  },
  'a changed entry with the whole chain made right': {
    tamper: (all) => rechain(replaced(all, 1, { at: 99 })),
    seq: 4,
    reason: elsewhereReason,
  },
  'a removed entry with the whole chain made right': {
    tamper: (all) => rechain(all.toSpliced(1, 1)),
    seq: 3,
    reason: elsewhereReason,
  },
  'a checkpoint fitted to a changed chain': {
    tamper: (all) => {
      const chain = rechain(replaced(all, 1, { at: 99 }));
      const data = { ...chain[3]?.data, hash: chain[2]?.hash ?? '' };
      return rechain(replaced(chain, 3, { data }));
    },
    seq: 4,
    reason: signatureReason,
  },
  'a checkpoint of another agent’s name': {
    tamper: (all) => rechain(replaced(all, 3, { data: { ...all[3]?.data, agentId: agentIdOf(stranger.publicKey) } })),
    seq: 4,
    reason: signatureReason,
  },
  'a checkpoint without signature': {
    tamper: (all) => rechain(replaced(all, 3, { data: { count: 3, hash: all[2]?.hash ?? '', agentId: rootId } })),
    seq: 4,
    reason: 'the checkpoint has no signer or no signature',
  },
  'a checkpoint with a signature that is no base64url': {
    tamper: (all) => rechain(replaced(all, 3, { data: { ...all[3]?.data, signature: '!!' } })),
    seq: 4,
    reason: signatureReason,
  },
};

describe('verification finds', () => {
  for (const [name, { tamper, seq, reason }] of Object.entries(tamperings)) {
    it(`${name}`, () => {
      const { all } = sampleLog();
      expect(verifyAudit(all).ok).toBe(true);
      const verdict = verifyAudit(tamper(all));
      expect(verdict).toMatchObject({ ok: false, entries: seq - 1, problem: { seq, reason } });
    });
  }

  it('a chain that was cut at its end only by what is known from elsewhere', () => {
    const { all } = sampleLog();
    const cut = all.slice(0, 2);
    expect(verifyAudit(cut).ok).toBe(true);
    const expect_ = [{ seq: 4, hash: all[3]?.hash ?? '' }];
    expect(verifyAudit(all, { expect: expect_ }).ok).toBe(true);
    expect(verifyAudit(cut, { expect: expect_ })).toMatchObject({ ok: false, entries: 2, problem: { seq: 3 } });
    const rewritten = rechain(replaced(all, 0, { at: 99 }).toSpliced(3, 1));
    const problem = { seq: 4, reason: 'the entry is not the one that is known to have existed' };
    expect(verifyAudit(rewritten, { expect: expect_ })).toMatchObject({ ok: false, problem });
  });

  it('a chain written anew by somebody with a key of their own, when the signers are known', () => {
    const log = arrayLog();
    appendAudit(log, { at: 1, agent: 'alice', kind: 'k', data: {} });
    makeCheckpoint(log, { at: 2, agent: 'alice', root: stranger });
    expect(verifyAudit(log.all).ok).toBe(true);
    const problem = { seq: 2, reason: 'the checkpoint is signed by a key that is not trusted' };
    expect(verifyAudit(log.all, { signers: [rootId] })).toMatchObject({ ok: false, problem });
    expect(verifyAudit(sampleLog().all, { signers: [rootId] }).ok).toBe(true);
  });
});

describe('a checkpoint', () => {
  it('signs the number and the hash of what came before it, for that purpose alone', () => {
    const { all } = sampleLog();
    const { signature, ...signed } = all[3]?.data ?? {};
    expect(signed).toEqual({ count: 3, hash: all[2]?.hash, agentId: rootId });
    const data = canonicalJson(signed);
    expect(signature).toBe(toBase64url(sign({ context: 'audit-checkpoint', key: root, data })));
    expect(signature).not.toBe(toBase64url(sign({ context: 'card', key: root, data })));
    expect(publicKeyOf(rootId)).toEqual(root.publicKey);
  });

  it('is not made of nothing, nor twice in a row', () => {
    const log = arrayLog();
    expect(makeCheckpoint(log, { at: 1, agent: 'alice', root })).toBeUndefined();
    appendAudit(log, { at: 1, agent: 'alice', kind: 'k', data: {} });
    expect(makeCheckpoint(log, { at: 1, agent: 'alice', root })?.seq).toBe(2);
    expect(makeCheckpoint(log, { at: 1, agent: 'alice', root })).toBeUndefined();
    expect(log.all).toHaveLength(2);
  });

  it('is due when as many entries came as it should cover', () => {
    const log = arrayLog();
    const due: number[] = [];
    for (let at = 1; at <= 25; at += 1) {
      appendAudit(log, { at, agent: 'alice', kind: 'k', data: {} });
      if (!checkpointDue(log, 10)) continue;
      due.push(log.all.length);
      makeCheckpoint(log, { at, agent: 'alice', root });
    }
    expect(due).toEqual([10, 21]);
    expect(verifyAudit(log.all, { signers: [rootId] })).toMatchObject({ ok: true, entries: 27, checkpoints: 2 });
  });
});

describe('an entry', () => {
  it('with data that has no canonical form is refused before it is written', () => {
    const log = arrayLog();
    const data = { text: 'lone \ud800 surrogate' };
    expect(() => appendAudit(log, { at: 1, agent: 'a', kind: 'k', data })).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    );
    expect(log.all).toEqual([]);
    expect(fromHex(genesis)).toEqual(new Uint8Array(32));
  });
});
