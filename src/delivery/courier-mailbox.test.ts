import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits, MeshError } from '#kernel';
import type { Link } from '#link';
import { type Bench, bench, closeCouriers, FakeLink, frameOf, hub, settled } from '../../test/support/courier-bench.ts';

afterEach(closeCouriers);

const stored = { kind: 'stored', receipt: new Uint8Array(1) } as const;

interface ByMail extends Bench {
  readonly mailbox: FakeLink;
}

/** The peer cannot be called; a hub keeps its frames. */
async function byMail(frames = 1, greet = async (): Promise<void> => {}): Promise<ByMail> {
  const mailbox = new FakeLink({ keeper: hub });
  const made = bench({
    greet,
    dial: ({ direct }) => (direct === true ? Promise.reject(new MeshError('UNREACHABLE')) : Promise.resolve(mailbox)),
  });
  made.courier.submit(Array.from({ length: frames }, (_, n) => frameOf(n + 1)));
  await settled();
  return { ...made, mailbox };
}

describe('a courier whose frames lie in a mailbox', () => {
  test('is done with a frame when the peer answered, not when the mailbox has it', async () => {
    const { courier, mailbox, outcomes } = await byMail();
    mailbox.answer('frm_1', stored);
    await settled();
    expect(outcomes).toEqual(['frm_1 stored']);
    expect(courier.inFlight).toBe(1);
    expect(await courier.answered('frm_1', { kind: 'delivered' })).toBe(true);
    expect(outcomes).toEqual(['frm_1 stored', 'frm_1 delivered']);
    expect(courier.inFlight).toBe(0);
    expect(await courier.answered('frm_1', { kind: 'delivered' })).toBe(false);
  });

  test('has not heard from the peer by that', async () => {
    const { courier, mailbox } = await byMail();
    mailbox.answer('frm_1', stored);
    await settled();
    expect(courier.status()).toMatchObject({ link: 'up' });
    expect(courier.status().lastHeardAt).toBeUndefined();
  });

  test('has room for more than a peer takes unanswered, and not without end', async () => {
    const { courier, mailbox } = await byMail(defaultLimits.mailboxFrames - 1);
    expect(courier.hasRoom).toBe(true);
    courier.submit([frameOf(defaultLimits.mailboxFrames)]);
    await settled();
    expect(courier.hasRoom).toBe(false);
    mailbox.answer('frm_1', stored);
    await settled();
    expect(courier.hasRoom).toBe(false);
    await courier.answered('frm_1', { kind: 'delivered' });
    expect(courier.hasRoom).toBe(true);
  });

  test('puts the first frame that nobody answers into the mailbox again, later each time', async () => {
    const { clock, courier, mailbox } = await byMail(2);
    mailbox.answer('frm_1', stored);
    mailbox.answer('frm_2', stored);
    await settled();
    await clock.advance(defaultLimits.mailRepeatMs - 1);
    expect(mailbox.written).toEqual(['frm_1', 'frm_2']);
    await clock.advance(1);
    await settled();
    expect(mailbox.written).toEqual(['frm_1', 'frm_2', 'frm_1']);
    mailbox.answer('frm_1', stored);
    await settled();
    await clock.advance(2 * defaultLimits.mailRepeatMs - 1);
    expect(mailbox.written).toHaveLength(3);
    await clock.advance(1);
    await settled();
    expect(mailbox.written).toHaveLength(4);
    mailbox.answer('frm_1', stored);
    await courier.answered('frm_1', { kind: 'delivered' });
    await courier.answered('frm_2', { kind: 'delivered' });
    await clock.advance(defaultLimits.mailMaxRepeatMs);
    await settled();
    expect(mailbox.written).toHaveLength(4);
  });

  test('puts it there again also when that came due while the mailbox was being greeted once more', async () => {
    const gate = Promise.withResolvers<void>();
    let greetings = 0;
    const greet = (): Promise<void> => ((greetings += 1) === 2 ? gate.promise : Promise.resolve());
    const { clock, courier, mailbox } = await byMail(1, greet);
    mailbox.answer('frm_1', stored);
    await settled();
    courier.greetAgain();
    await clock.advance(defaultLimits.mailRepeatMs);
    await settled();
    expect([courier.link, mailbox.written]).toEqual([undefined, ['frm_1']]);
    gate.resolve();
    await settled();
    await clock.advance(2 * defaultLimits.mailRepeatMs);
    await settled();
    expect(mailbox.written).toEqual(['frm_1', 'frm_1']);
  });

  test('puts it there again after the mailbox was lost, when the one that is used next has it too', async () => {
    const { clock, courier, mailbox } = await byMail(1);
    const second = new FakeLink({ keeper: hub });
    mailbox.answer('frm_1', stored);
    courier.attach(second);
    await settled();
    second.answer('frm_1', stored);
    await settled();
    second.close('LINK_CLOSED');
    await settled();
    expect(courier.link).toBe(mailbox);
    await clock.advance(defaultLimits.mailRepeatMs);
    await settled();
    expect(mailbox.written).toEqual(['frm_1', 'frm_1']);
  });

  test('takes a refusal of the mailbox for the end of this way, and one of the peer for final', async () => {
    const { courier, mailbox, outcomes } = await byMail(2);
    mailbox.answer('frm_1', { kind: 'refused', code: 'UNKNOWN_AGENT' });
    await settled();
    expect(outcomes).toEqual([]);
    expect(courier.link).toBeUndefined();
    expect(courier.status()).toMatchObject({ link: 'down', lastError: { code: 'UNKNOWN_AGENT' } });
    await courier.answered('frm_1', { kind: 'refused', code: 'EXPIRED' });
    expect(outcomes).toEqual(['frm_1 EXPIRED']);
  });

  test('waits until a mailbox that is full has room, and goes on from the first that did not fit', async () => {
    const { clock, courier, mailbox } = await byMail(3);
    mailbox.answer('frm_1', stored);
    for (const id of ['frm_2', 'frm_3'])
      mailbox.answer(id, { kind: 'refused', code: 'MAILBOX_FULL', retryAfterMs: 1000 });
    await settled();
    expect(courier.status().held).toMatchObject({ code: 'MAILBOX_FULL' });
    await clock.advance(1000);
    await settled();
    expect(mailbox.written).toEqual(['frm_1', 'frm_2', 'frm_3', 'frm_2', 'frm_3']);
  });

  test('keeps to a pause that the peer asked for, whatever the mailbox takes meanwhile', async () => {
    const { clock, courier, mailbox } = await byMail(3);
    for (const n of [1, 2]) mailbox.answer(`frm_${n}`, stored);
    await settled();
    await courier.answered('frm_1', { kind: 'delivered', pause: { code: 'INBOX_FULL', retryAfterMs: 5000 } });
    mailbox.answer('frm_3', stored);
    await settled();
    expect(courier.isHeld).toBe(true);
    await clock.advance(5000);
    await settled();
    expect(courier.probeDue).toBe(true);
  });

  test('gives a link to the peer itself all that it has not answered, in order', async () => {
    const { courier, mailbox, outcomes } = await byMail(3);
    for (const n of [1, 2, 3]) mailbox.answer(`frm_${n}`, stored);
    await settled();
    await courier.answered('frm_1', { kind: 'delivered' });
    const direct = new FakeLink();
    courier.attach(direct);
    await settled();
    courier.submit([frameOf(4)]);
    await settled();
    expect(direct.written).toEqual(['frm_2', 'frm_3', 'frm_4']);
    expect(mailbox.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    for (const n of [2, 3, 4]) direct.answer(`frm_${n}`, { kind: 'delivered' });
    await settled();
    expect(outcomes.filter((outcome) => outcome.endsWith('delivered'))).toHaveLength(4);
  });

  test('goes back to the mailbox when that link ends, with what the mailbox has not got', async () => {
    const { courier, mailbox } = await byMail(1);
    const direct = new FakeLink();
    courier.attach(direct);
    await settled();
    courier.submit([frameOf(2)]);
    direct.close('LINK_CLOSED');
    await settled();
    expect(courier.link).toBe(mailbox);
    expect(mailbox.written).toEqual(['frm_1', 'frm_2']);
  });

  test('does not prefer a mailbox to a link that it has', async () => {
    const { courier } = bench();
    const [direct, mailbox] = [new FakeLink(), new FakeLink({ keeper: hub })];
    courier.attach(direct);
    courier.attach(mailbox);
    await settled();
    courier.submit([frameOf(1)]);
    expect([direct.written, mailbox.written]).toEqual([['frm_1'], []]);
  });

  test('tries now and then whether the peer can be called again', async () => {
    const mailbox = new FakeLink({ keeper: hub });
    const direct = new FakeLink();
    let calls = 0;
    const dial = async (how: { readonly direct?: boolean }): Promise<Link> => {
      if (how.direct !== true) return mailbox;
      calls += 1;
      if (calls === 1) throw new MeshError('UNREACHABLE');
      return direct;
    };
    const { clock, courier } = bench({ dial });
    courier.submit([frameOf(1)]);
    await settled();
    mailbox.answer('frm_1', stored);
    await settled();
    await clock.advance(defaultLimits.slowRetryMs);
    await settled();
    expect(courier.link).toBe(mailbox);
    await clock.advance(defaultLimits.slowRetryMs);
    await settled();
    expect([courier.link, calls]).toEqual([direct, 2]);
    expect(direct.written).toEqual(['frm_1']);
  });
});
