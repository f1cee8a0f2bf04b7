import { afterEach, describe, expect, test } from 'vitest';
import { defaultLimits, MeshError } from '#kernel';
import type { Link } from '#link';
import { bench, closeCouriers, FakeLink, frameOf, settled } from '../../test/support/courier-bench.ts';

afterEach(closeCouriers);

describe('a courier', () => {
  test('dials when frames are submitted and writes them in order', async () => {
    const { courier, dialled } = bench();
    courier.submit([frameOf(1), frameOf(2)]);
    courier.submit([frameOf(3)]);
    const link = await dialled();
    expect(link.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
  });

  test('sends again, in order and verbatim, what was not answered when the link was lost', async () => {
    const { clock, courier, links, outcomes, dialled } = bench();
    courier.submit([frameOf(1), frameOf(2), frameOf(3)]);
    const first = await dialled();
    first.answer('frm_1', { kind: 'delivered' });
    await settled();
    first.close('LINK_CLOSED');
    await settled();
    await clock.advance(2000);
    const second = await dialled();
    expect(links).toHaveLength(2);
    expect(second.written).toEqual(['frm_2', 'frm_3']);
    second.answer('frm_2', { kind: 'delivered' });
    second.answer('frm_3', { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_1 delivered', 'frm_2 delivered', 'frm_3 delivered']);
  });

  test('makes a new link, also without work, when what there is to say needs one', async () => {
    const { clock, courier, links, dialled } = bench();
    courier.connect();
    const first = await dialled();
    await clock.advance(defaultLimits.quickRetryMs[0]);
    courier.hangUp();
    courier.connect();
    expect((await first.closed)?.code).toBeUndefined();
    await settled();
    expect([links.length, courier.link === links[1]]).toEqual([2, true]);
    links[1]?.close('LINK_CLOSED');
    await clock.advance(60_000);
    expect(links).toHaveLength(2);
  });

  test('starts with the frames that an earlier process left unacknowledged', async () => {
    const { courier, dialled } = bench({ stored: [frameOf(7), frameOf(8)] });
    courier.wake();
    expect((await dialled()).written).toEqual(['frm_7', 'frm_8']);
  });

  test('opens its breaker after three failed attempts and tries again only when that allows it', async () => {
    let attempts = 0;
    const unreachable = (): Promise<Link> => {
      attempts += 1;
      return Promise.reject(new MeshError('UNREACHABLE', 'nothing listens there'));
    };
    const { clock, courier } = bench({ dial: unreachable });
    courier.submit([frameOf(1)]);
    await settled();
    expect(attempts).toBe(1);
    for (const [ms, expected] of [
      [2000, 2],
      [4000, 3],
      [59_999, 3],
      [1, 4],
    ] as const) {
      await clock.advance(ms);
      await settled();
      expect(attempts).toBe(expected);
    }
    expect(courier.status()).toMatchObject({ link: 'down', breaker: 'open', lastError: { code: 'UNREACHABLE' } });
  });

  test('waits no longer because the wall clock was set back', async () => {
    const { clock, courier, links } = bench({
      dial: () => (links.length === 0 ? Promise.reject(new MeshError('UNREACHABLE')) : Promise.resolve(new FakeLink())),
    });
    courier.connect();
    await settled();
    expect(courier.status()).toMatchObject({ link: 'down', retryAt: clock.now() + 2000 });
    clock.jump(-3_600_000);
    expect(courier.status().retryAt).toBe(clock.now() + 2000);
    links.push(new FakeLink());
    courier.submit([frameOf(1)]);
    await clock.advance(1999);
    expect(courier.status().link).toBe('down');
    await clock.advance(1);
    await settled();
    expect(courier.status().link).toBe('up');
  });

  test('passes a final refusal on and does not send that frame again', async () => {
    const { clock, courier, outcomes, dialled } = bench();
    courier.submit([frameOf(1), frameOf(2)]);
    const first = await dialled();
    first.answer('frm_1', { kind: 'refused', code: 'NOT_TRUSTED' });
    await settled();
    first.close('LINK_CLOSED');
    await settled();
    await clock.advance(2000);
    expect((await dialled()).written).toEqual(['frm_2']);
    expect(outcomes).toEqual(['frm_1 NOT_TRUSTED']);
  });

  test('repeats a frame that was refused for now, with everything behind it', async () => {
    const { clock, courier, outcomes, links, dialled } = bench();
    courier.submit([frameOf(1), frameOf(2)]);
    (await dialled()).answer('frm_1', { kind: 'refused', code: 'STORE_FULL' });
    await settled();
    expect(outcomes).toEqual([]);
    await clock.advance(2000);
    expect((await dialled()).written).toEqual(['frm_1', 'frm_2']);
    expect(links).toHaveLength(2);
  });

  test('gives up a link whose far end takes frames and never answers', async () => {
    const { clock, courier, links, dialled } = bench();
    courier.submit([frameOf(1)]);
    await dialled();
    await clock.advance(defaultLimits.frameAcknowledgeMs);
    await settled();
    await clock.advance(2000);
    await settled();
    expect(links.map(({ written }) => written)).toEqual([['frm_1'], ['frm_1']]);
  });

  test('has no room while its window is full, and again after an answer', async () => {
    const { courier, dialled } = bench();
    const frames = Array.from({ length: defaultLimits.inFlightFrames }, (_, n) => frameOf(n));
    courier.submit(frames);
    const link = await dialled();
    expect(courier.hasRoom).toBe(false);
    link.answer('frm_0', { kind: 'delivered' });
    await settled();
    expect(courier.hasRoom).toBe(true);
  });

  test('forgets the frames of a session that was replaced, and only those', async () => {
    const { courier, outcomes, dialled } = bench();
    courier.submit([frameOf(1, 'old'), frameOf(2, 'new')]);
    const link = await dialled();
    courier.drop('old');
    link.answer('frm_1', { kind: 'delivered' });
    link.answer('frm_2', { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_2 delivered']);
  });

  test('uses a link that the peer opened, and tries at once after a pause', async () => {
    const { courier } = bench({ dial: () => Promise.reject(new MeshError('UNREACHABLE')) });
    courier.submit([frameOf(1)]);
    await settled();
    const inbound = new FakeLink();
    courier.attach(inbound);
    await settled();
    expect(inbound.written).toEqual(['frm_1']);
    expect(courier.status()).toMatchObject({ link: 'up', route: inbound.route });
  });

  test('uses the newest link, and the one before it when that ends', async () => {
    const { courier, links } = bench();
    const [older, newer] = [new FakeLink(), new FakeLink()];
    courier.attach(older);
    await settled();
    courier.attach(newer);
    await settled();
    courier.submit([frameOf(1)]);
    expect([older.written, newer.written]).toEqual([[], ['frm_1']]);
    newer.close('LINK_CLOSED');
    await settled();
    expect(older.written).toEqual(['frm_1']);
    expect(courier.link).toBe(older);
    expect(links).toEqual([]);
  });

  test('writes a frame to each link once, and those that the link before has not got behind the others', async () => {
    const { courier, outcomes } = bench();
    const [older, newer] = [new FakeLink(), new FakeLink()];
    courier.attach(older);
    await settled();
    courier.submit([frameOf(1), frameOf(2)]);
    courier.attach(newer);
    await settled();
    courier.submit([frameOf(3)]);
    newer.answer('frm_1', { kind: 'delivered' });
    await settled();
    newer.close('LINK_CLOSED');
    await settled();
    expect(newer.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    expect(older.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    for (const id of ['frm_1', 'frm_2', 'frm_3']) older.answer(id, { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_1 delivered', 'frm_2 delivered', 'frm_3 delivered']);
    expect(courier.inFlight).toBe(0);
  });

  test('takes the first answer of two links, and keeps to the link that goes on when the other refuses for now', async () => {
    const { courier, outcomes } = bench();
    const [older, newer] = [new FakeLink(), new FakeLink()];
    courier.attach(older);
    await settled();
    courier.submit([frameOf(1), frameOf(2)]);
    courier.attach(newer);
    await settled();
    older.answer('frm_1', { kind: 'refused', code: 'STORE_FULL' });
    await settled();
    newer.answer('frm_1', { kind: 'delivered' });
    newer.answer('frm_2', { kind: 'delivered' });
    await settled();
    expect(outcomes).toEqual(['frm_1 delivered', 'frm_2 delivered']);
    expect(courier.link).toBe(newer);
  });

  test('keeps the place of a refused frame until that is stored, and asks again in the same order', async () => {
    let full = true;
    const onRefused = (): Promise<void> =>
      full ? Promise.reject(new MeshError('STORE_FULL', 'no room')) : Promise.resolve();
    const { clock, courier, dialled, links, outcomes } = bench({ onRefused });
    courier.submit([frameOf(1), frameOf(2), frameOf(3)]);
    const first = await dialled();
    first.answer('frm_2', { kind: 'refused', code: 'MALFORMED' });
    await settled();
    expect(courier.inFlight).toBe(3);
    full = false;
    await clock.advance(2000);
    const second = await dialled();
    expect(second.written).toEqual(['frm_1', 'frm_2', 'frm_3']);
    second.answer('frm_2', { kind: 'refused', code: 'MALFORMED' });
    await settled();
    expect([links.length, courier.inFlight, outcomes]).toEqual([2, 2, ['frm_2 MALFORMED', 'frm_2 MALFORMED']]);
  });

  describe('whose refusal is being stored while a new link comes', () => {
    const refusedOnFirst = async (onRefused: () => Promise<void>) => {
      const made = bench({ onRefused });
      const [first, second] = [new FakeLink(), new FakeLink()];
      made.courier.attach(first);
      await settled();
      made.courier.submit([frameOf(1), frameOf(2)]);
      first.answer('frm_1', { kind: 'refused', code: 'CONTACT_CHANGED' });
      await settled();
      made.courier.attach(second);
      await settled();
      expect(second.written).toEqual(['frm_2']);
      return { ...made, second };
    };

    test('does not say that frame again there', async () => {
      const storing = Promise.withResolvers<void>();
      const { courier, second, outcomes } = await refusedOnFirst(() => storing.promise);
      storing.resolve();
      await settled();
      expect([courier.link, second.written, courier.inFlight]).toEqual([second, ['frm_2'], 1]);
      expect(outcomes).toEqual(['frm_1 CONTACT_CHANGED']);
    });

    test('begins anew with it, in order, when that could not be stored', async () => {
      const storing = Promise.withResolvers<void>();
      const { clock, courier, dialled } = await refusedOnFirst(() => storing.promise);
      storing.reject(new MeshError('STORE_FULL'));
      await settled();
      await clock.advance(2000);
      expect((await dialled()).written).toEqual(['frm_1', 'frm_2']);
      expect(courier.inFlight).toBe(2);
    });
  });

  test('does not ask again on a link that answered already, also when it is the only one left', async () => {
    const { clock, courier, dialled } = bench({ onRefused: () => Promise.reject(new MeshError('STORE_FULL')) });
    const [older, newer] = [new FakeLink(), new FakeLink()];
    courier.attach(older);
    await settled();
    courier.submit([frameOf(1), frameOf(2)]);
    courier.attach(newer);
    await settled();
    newer.answer('frm_1', { kind: 'refused', code: 'MALFORMED' });
    await settled();
    await clock.advance(2000);
    expect((await dialled()).written).toEqual(['frm_1', 'frm_2']);
    expect([older.written, newer.written]).toEqual([
      ['frm_1', 'frm_2'],
      ['frm_1', 'frm_2'],
    ]);
  });

  test('says whether it carries frames of another session', async () => {
    const { courier, dialled } = bench();
    expect(courier.carriesOther('new')).toBe(false);
    courier.submit([frameOf(1, 'old')]);
    const link = await dialled();
    expect([courier.carriesOther('old'), courier.carriesOther('new'), courier.carriesOther(undefined)]).toEqual([
      false,
      true,
      true,
    ]);
    link.answer('frm_1', { kind: 'delivered' });
    await settled();
    expect(courier.carriesOther('new')).toBe(false);
  });

  test('sends nothing on a link whose greeting failed', async () => {
    const { courier, dialled } = bench({ greet: () => Promise.reject(new MeshError('NOT_TRUSTED')) });
    courier.submit([frameOf(1)]);
    expect((await dialled()).written).toEqual([]);
    expect(courier.hasRoom).toBe(false);
  });
});
