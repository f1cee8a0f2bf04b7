import { describe, expect, test } from 'vitest';
import { defaultLimits, MeshError, silentLogger } from '#kernel';
import type { Acked, Ask, Link } from '#link';
import { encodeFrame, type Frame } from '#protocol';
import { frameOf } from '../../../test/support/courier-bench.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { until } from '../../../test/support/story.ts';
import { readMailbox } from './mailbox-reader.ts';

type Item = { cursor: number; at: number; frame: Uint8Array };

const uuid = (n: number): string => `0192f0c1-3c4d-7e5f-8a9b-${String(n).padStart(12, '0')}`;

const frame = (n: number, kind: Frame['kind'] = 'app'): Frame => ({
  ...frameOf(n).frame,
  id: `frm_${uuid(n)}`,
  kind,
});

/** A mailbox that hands out what is behind the place asked for, and notes what is said to it. */
class Mailbox {
  readonly epoch = new Uint8Array(16);
  readonly items: Item[] = [];
  readonly asked: number[] = [];
  readonly acked: number[] = [];
  batch = 100;
  #wake = Promise.withResolvers<void>();

  put(...frames: readonly (Frame | Uint8Array)[]): void {
    for (const one of frames) {
      const bytes = one instanceof Uint8Array ? one : encodeFrame(one);
      this.items.push({ cursor: this.items.length + 1, at: 0, frame: bytes });
    }
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  get link(): Link {
    const link = {
      ask: (question: Ask) => this.#fetch(question),
      ack: ({ upTo }: Acked) => void this.acked.push(upTo),
    };
    return link as unknown as Link;
  }

  async #fetch(question: Ask): Promise<object> {
    if (question.op !== 'fetch') throw new MeshError('NOT_FOUND');
    const { after } = question;
    this.asked.push(after);
    for (;;) {
      const items = this.items.filter(({ cursor }) => cursor > after).slice(0, this.batch);
      if (items.length > 0) return { epoch: this.epoch, after, items, more: false };
      await this.#wake.promise;
    }
  }
}

function reading(mailbox: Mailbox, take: (frame: Frame) => Promise<void>) {
  const clock = new ManualClock();
  const over = new AbortController();
  const { signal } = over;
  void readMailbox({
    link: mailbox.link,
    clock,
    limits: defaultLimits,
    logger: silentLogger,
    signal,
    take,
  }).catch(() => undefined);
  return clock;
}

describe('a mailbox', () => {
  test('is read in order, and each batch acknowledged once all of it is settled', async () => {
    const mailbox = new Mailbox();
    mailbox.batch = 2;
    mailbox.put(frame(1), frame(2), frame(3));
    const taken: string[] = [];
    const gate = Promise.withResolvers<void>();
    reading(mailbox, async ({ id }) => {
      taken.push(id);
      if (taken.length === 2) await gate.promise;
    });
    await until(() => taken.length === 2);
    expect(mailbox.acked).toEqual([]);
    gate.resolve();
    await until(() => mailbox.acked.length === 2);
    expect(taken).toEqual([frame(1).id, frame(2).id, frame(3).id]);
    expect(mailbox.acked).toEqual([2, 3]);
    mailbox.put(frame(4));
    await until(() => mailbox.acked.at(-1) === 4);
  });

  test('is read again from what could not be stored, a moment later, with all behind it', async () => {
    const mailbox = new Mailbox();
    mailbox.put(frame(1), frame(2), frame(3));
    const tries: string[] = [];
    let isFull = true;
    const clock = reading(mailbox, async ({ id }) => {
      tries.push(id);
      if (isFull && id === frame(2).id) throw new MeshError('STORE_FULL');
    });
    await until(() => mailbox.acked.length === 1);
    expect(mailbox.acked).toEqual([1]);
    isFull = false;
    await clock.advance(defaultLimits.storeRetryMs);
    await until(() => mailbox.acked.length === 2);
    expect(mailbox.acked).toEqual([1, 3]);
    expect(tries.slice(3)).toEqual([frame(2).id, frame(3).id]);
  });

  test('has what is behind a contact exchange judged after it', async () => {
    const mailbox = new Mailbox();
    mailbox.put(frame(1, 'accept'), frame(2));
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    reading(mailbox, async ({ id, kind }) => {
      begun.push(id);
      if (kind === 'accept') await gate.promise;
    });
    await until(() => begun.length === 1);
    gate.resolve();
    await until(() => mailbox.acked.length === 1);
    expect(begun).toEqual([frame(1).id, frame(2).id]);
  });

  test('may hold nonsense, which nobody has to look at twice', async () => {
    const mailbox = new Mailbox();
    mailbox.put(Uint8Array.of(1, 2, 3), frame(2));
    const taken: string[] = [];
    reading(mailbox, async ({ id }) => void taken.push(id));
    await until(() => mailbox.acked.length === 1);
    expect(taken).toEqual([frame(2).id]);
    expect(mailbox.acked).toEqual([2]);
  });
});
