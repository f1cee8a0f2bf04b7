import { describe, expect, test } from 'vitest';
import { MeshError, systemRandom } from '#kernel';
import { agentIdOf, generateKeyPair } from '#identity';
import type { Contact } from '#trust';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { ContactWatch } from './contact-watch.ts';

const bob = agentIdOf(generateKeyPair(systemRandom).publicKey);
const contact = (state: Contact['state']): Contact => ({
  agent: 'alice',
  agentId: bob,
  petname: 'bob',
  state,
  tier: 'bounded',
  permissions: {},
  routes: [],
  createdAt: 0,
  updatedAt: 0,
});
const asked = contact('requested-out');

function bench(ms = 1000) {
  const clock = new ManualClock();
  const watch = new ContactWatch(clock);
  const interrupt = new AbortController();
  const options = {
    agent: 'alice',
    agentId: bob,
    isThere: ({ state }: Contact) => state === 'trusted',
    ms,
    signal: interrupt.signal,
  };
  return { clock, watch, interrupt, options };
}

describe('what comes of a step', () => {
  test('is waited for until the contact is there', async () => {
    const { watch, options } = bench();
    const waiting = watch.after(async () => asked, options);
    watch.notice({ type: 'contact', contact: contact('changed') });
    watch.notice({ type: 'contact', contact: { ...contact('trusted'), agent: 'another' } });
    watch.notice({ type: 'contact', contact: contact('trusted') });
    expect((await waiting).state).toBe('trusted');
  });

  test('is enough for who asks so when a mailbox holds it', async () => {
    const { clock, watch, options } = bench();
    const patient = watch.after(async () => asked, options);
    const content = watch.after(async () => asked, { ...options, orMailed: true });
    watch.notice({ type: 'mailed', contact: { ...asked, agent: 'another' } });
    const mailed = { ...asked, updatedAt: 1 };
    watch.notice({ type: 'mailed', contact: mailed });
    expect(await content).toBe(mailed);
    await clock.advance(1000);
    expect(await patient).toBe(asked);
  });

  test('is what the step made when nothing more comes in time, and at once when nobody waits', async () => {
    const { clock, watch, options } = bench();
    const waiting = watch.after(async () => asked, options);
    await clock.advance(1000);
    expect(await waiting).toBe(asked);
    expect(await watch.after(async () => asked, { ...options, ms: 0 })).toBe(asked);
  });

  test('may be there while the step is still under way', async () => {
    const { watch, options } = bench();
    const never = new Promise<Contact>(() => {});
    const waiting = watch.after(() => never, options);
    watch.notice({ type: 'contact', contact: contact('trusted') });
    expect((await waiting).state).toBe('trusted');
  });

  test('is nothing when the step fails: a caller that goes away afterwards disturbs nobody', async () => {
    const { watch, interrupt, options } = bench();
    const failing = async (): Promise<Contact> => {
      throw new MeshError('INVALID_ARGUMENT', 'That is this agent itself');
    };
    await expect(watch.after(failing, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    // A rejection that nobody waits for would end the process of a node; here it fails the run.
    interrupt.abort(new MeshError('LINK_CLOSED'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => watch.notice({ type: 'contact', contact: contact('trusted') })).not.toThrow();
  });

  test('ends with the caller that goes away', async () => {
    const { watch, interrupt, options } = bench();
    const waiting = watch.after(async () => asked, options);
    await new Promise((resolve) => setImmediate(resolve));
    interrupt.abort(new MeshError('LINK_CLOSED'));
    await expect(waiting).rejects.toMatchObject({ code: 'LINK_CLOSED' });
  });
});
