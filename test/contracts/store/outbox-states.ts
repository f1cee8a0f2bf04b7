import { describe, expect, it } from 'vitest';
import type { OutboxState } from '#delivery';
import type { MeshTransaction } from '#pipeline';
import type { FrameId, MessageId, Receipt } from '#protocol';
import { type StoreHarness, useStore } from './harness.ts';
import { alice, bob, carol, hour, outFrame, outMessage, sentMessages, start, toBob, write } from './samples.ts';

interface Subject {
  readonly tx: MeshTransaction;
  readonly id: MessageId;
  readonly frameId: FrameId;
}

const apply = ({ tx }: Subject, receipt: Receipt): readonly MessageId[] => tx.outbox.applyReceipt(toBob, receipt);

/** What can happen to one message; each returns the ids that it reports as changed. */
const happenings = {
  seal: ({ tx, id, frameId }: Subject) => {
    const sealed = outFrame({ messageIds: [id] });
    tx.outbox.insertFrame({ ...sealed, frame: { ...sealed.frame, id: frameId } });
    return [];
  },
  send: ({ tx, frameId }: Subject) => {
    tx.outbox.markSent(frameId, { at: start + 2, route: 'direct x' });
    return [];
  },
  acknowledge: ({ tx, frameId }: Subject) => {
    tx.outbox.acknowledge(frameId);
    return [];
  },
  delivered: (subject: Subject) => apply(subject, { kind: 'delivered', frameId: subject.frameId, at: start + 3 }),
  seen: (subject: Subject) => apply(subject, { kind: 'seen', messageIds: [subject.id], at: start + 4 }),
  answered: (subject: Subject) =>
    apply(subject, { kind: 'answered', messageId: subject.id, answerId: 'msg_answer', at: start + 5 }),
  refused: (subject: Subject) =>
    apply(subject, { kind: 'refused', messageId: subject.id, code: 'HANDLER_FAILED', at: start + 6 }),
  refusedExpired: (subject: Subject) =>
    apply(subject, { kind: 'refused', messageId: subject.id, code: 'EXPIRED', at: start + 6 }),
  refuseFrame: ({ tx, frameId }: Subject) => tx.outbox.refuseFrame(frameId, { code: 'MALFORMED', at: start + 7 }),
  refuseFrameExpired: ({ tx, frameId }: Subject) => tx.outbox.refuseFrame(frameId, { code: 'EXPIRED', at: start + 7 }),
  refuseWaiting: ({ tx }: Subject) => tx.outbox.refuseWaiting(toBob, { code: 'CONTACT_BLOCKED', at: start + 7 }),
  expire: ({ tx }: Subject) => tx.outbox.expire(start + hour).map(({ id }) => id),
  unseal: ({ tx }: Subject) => {
    tx.outbox.unseal(alice, 'aa');
    return [];
  },
  restore: ({ tx }: Subject) => {
    tx.outbox.unsealAll(alice);
    tx.outbox.markRestored(alice, start + 8);
    return [];
  },
  cancel: ({ tx, id }: Subject) => (tx.outbox.cancel(alice, id, start + 8) ? [id] : []),
  giveUp: ({ tx }: Subject) => tx.outbox.giveUp(toBob, { from: 0, until: start, at: start + 9 }),
  revive: ({ tx }: Subject) => tx.outbox.revive(toBob, { at: start + 10 }).map(({ id }) => id),
} satisfies Record<string, (subject: Subject) => readonly MessageId[]>;

type Happening = keyof typeof happenings;
type Step = readonly [Happening, OutboxState, 'changed' | 'same'];

const sent: readonly Step[] = [
  ['seal', 'queued', 'same'],
  ['send', 'sent', 'same'],
];

/** A journey a row: what happens, the state after it, and whether the id is reported as changed. */
const journeys: Readonly<Record<string, readonly Step[]>> = {
  'the whole way': [
    ...sent,
    ['acknowledge', 'sent', 'same'],
    ['delivered', 'delivered', 'changed'],
    ['seen', 'seen', 'changed'],
    ['answered', 'answered', 'changed'],
  ],
  'every receipt twice': [
    ...sent,
    ['delivered', 'delivered', 'changed'],
    ['delivered', 'delivered', 'same'],
    ['seen', 'seen', 'changed'],
    ['seen', 'seen', 'same'],
    ['answered', 'answered', 'changed'],
    ['answered', 'answered', 'same'],
  ],
  'receipts in the wrong order': [
    ...sent,
    ['answered', 'answered', 'changed'],
    ['seen', 'answered', 'same'],
    ['delivered', 'answered', 'same'],
  ],
  'seen before delivered': [...sent, ['seen', 'seen', 'changed'], ['delivered', 'seen', 'same']],
  'a receipt for what was sealed but never written to a link': [
    ['seal', 'queued', 'same'],
    ['delivered', 'delivered', 'changed'],
  ],
  'receipts for what was never sealed': [
    ['seen', 'queued', 'same'],
    ['answered', 'queued', 'same'],
    ['refused', 'queued', 'same'],
  ],
  'refused at once, and then nothing counts but an answer': [
    ...sent,
    ['refused', 'refused', 'changed'],
    ['delivered', 'refused', 'same'],
    ['seen', 'refused', 'same'],
    ['refused', 'refused', 'same'],
    ['refuseFrame', 'refused', 'same'],
    ['expire', 'refused', 'same'],
  ],
  'refused, and answered all the same: somebody took another look at it': [
    ...sent,
    ['refused', 'refused', 'changed'],
    ['answered', 'answered', 'changed'],
    ['refused', 'answered', 'same'],
  ],
  'refused by the program of the peer after it was seen': [
    ...sent,
    ['delivered', 'delivered', 'changed'],
    ['seen', 'seen', 'changed'],
    ['refused', 'refused', 'changed'],
  ],
  'refused after it was answered': [...sent, ['answered', 'answered', 'changed'], ['refused', 'answered', 'same']],
  'the frame is refused': [...sent, ['refuseFrame', 'refused', 'changed'], ['seen', 'refused', 'same']],
  'the frame is refused after it was delivered': [
    ...sent,
    ['delivered', 'delivered', 'changed'],
    ['refuseFrame', 'delivered', 'same'],
  ],
  'the frame is refused after its message was seen': [
    ...sent,
    ['seen', 'seen', 'changed'],
    ['refuseFrame', 'seen', 'same'],
  ],
  'the contact is blocked while it waits': [
    ['refuseWaiting', 'refused', 'changed'],
    ['expire', 'refused', 'same'],
  ],
  'expired while it waits': [
    ['expire', 'expired', 'changed'],
    ['expire', 'expired', 'same'],
  ],
  'expired after it was sent': [...sent, ['expire', 'expired', 'changed'], ['refuseFrame', 'expired', 'same']],
  'not expired once it was delivered': [
    ...sent,
    ['delivered', 'delivered', 'changed'],
    ['expire', 'delivered', 'same'],
  ],
  'not expired once it was seen': [...sent, ['seen', 'seen', 'changed'], ['expire', 'seen', 'same']],
  'its frame came again when its time was over by the clock of the peer, which proves that it has it': [
    ...sent,
    ['refuseFrameExpired', 'expired', 'changed'],
    ['delivered', 'delivered', 'changed'],
    ['seen', 'seen', 'changed'],
  ],
  'its frame came again late, and the peer proves that it was seen': [
    ...sent,
    ['refuseFrameExpired', 'expired', 'changed'],
    ['seen', 'seen', 'changed'],
  ],
  'its frame came too late, and the peer refuses the message too': [
    ...sent,
    ['refuseFrameExpired', 'expired', 'changed'],
    ['refusedExpired', 'expired', 'same'],
    ['seen', 'expired', 'same'],
  ],
  'expired by our clock, but the peer proves that it came in time': [
    ...sent,
    ['expire', 'expired', 'changed'],
    ['delivered', 'delivered', 'changed'],
    ['seen', 'seen', 'changed'],
    ['answered', 'answered', 'changed'],
  ],
  'expired by our clock, and the peer answers': [
    ...sent,
    ['expire', 'expired', 'changed'],
    ['answered', 'answered', 'changed'],
  ],
  'expired by our clock and by that of the peer': [
    ...sent,
    ['expire', 'expired', 'changed'],
    ['refusedExpired', 'expired', 'same'],
    ['delivered', 'expired', 'same'],
    ['seen', 'expired', 'same'],
  ],
  'expired by the clock of the peer': [
    ...sent,
    ['refusedExpired', 'expired', 'changed'],
    ['delivered', 'expired', 'same'],
  ],
  'expired by our clock and refused by the peer': [
    ...sent,
    ['expire', 'expired', 'changed'],
    ['refused', 'refused', 'changed'],
  ],
  'expired between reading and sealing': [
    ['expire', 'expired', 'changed'],
    ['seal', 'expired', 'same'],
    ['delivered', 'delivered', 'changed'],
  ],
  'sealed anew': [...sent, ['unseal', 'queued', 'same'], ['expire', 'expired', 'changed']],
  'sealed anew although the peer had it': [
    ...sent,
    ['unseal', 'queued', 'same'],
    ['seen', 'seen', 'changed'],
    ['seal', 'seen', 'same'],
    ['expire', 'seen', 'same'],
    ['refused', 'refused', 'changed'],
  ],
  'sealed anew, expired here, and answered there': [
    ...sent,
    ['unseal', 'queued', 'same'],
    ['expire', 'expired', 'changed'],
    ['answered', 'answered', 'changed'],
  ],
  'cancelled while it waits, and then nothing counts': [
    ['cancel', 'cancelled', 'changed'],
    ['cancel', 'cancelled', 'same'],
    ['expire', 'cancelled', 'same'],
    ['answered', 'cancelled', 'same'],
    ['seal', 'cancelled', 'same'],
  ],
  'from a backup: whoever went on from it before may have sent it': [
    ['restore', 'queued', 'same'],
    ['cancel', 'queued', 'same'],
    ['seen', 'seen', 'changed'],
  ],
  'from a backup, and sent anew': [
    ...sent,
    ['restore', 'queued', 'same'],
    ['seal', 'queued', 'same'],
    ['delivered', 'delivered', 'changed'],
  ],
  'not cancelled once it was sealed': [
    ['seal', 'queued', 'same'],
    ['cancel', 'queued', 'same'],
    ['unseal', 'queued', 'same'],
    ['cancel', 'queued', 'same'],
  ],
  'given up while it waits, and it goes on': [
    ['giveUp', 'dead', 'changed'],
    ['giveUp', 'dead', 'same'],
    ['revive', 'queued', 'changed'],
    ['revive', 'queued', 'same'],
    ['giveUp', 'dead', 'changed'],
    ['seal', 'dead', 'same'],
    ['revive', 'queued', 'changed'],
  ],
  'given up after it was sent, and the peer had it': [
    ...sent,
    ['giveUp', 'dead', 'changed'],
    ['revive', 'sent', 'changed'],
    ['giveUp', 'dead', 'changed'],
    ['delivered', 'delivered', 'changed'],
    ['giveUp', 'delivered', 'same'],
  ],
  'given up, and then its time is over': [
    ['giveUp', 'dead', 'changed'],
    ['expire', 'expired', 'changed'],
    ['revive', 'expired', 'same'],
  ],
  'given up, and then cancelled': [
    ['giveUp', 'dead', 'changed'],
    ['cancel', 'cancelled', 'changed'],
  ],
  'sealed, perhaps written, and expired before it is sealed anew, and the peer had it': [
    ['seal', 'queued', 'same'],
    ['expire', 'expired', 'changed'],
    ['unseal', 'expired', 'same'],
    ['seen', 'seen', 'changed'],
    ['answered', 'answered', 'changed'],
  ],
  'delivered messages are not sealed anew': [
    ...sent,
    ['delivered', 'delivered', 'changed'],
    ['unseal', 'delivered', 'same'],
  ],
};

export function outboxStateContract(harness: StoreHarness): void {
  const open = useStore(harness);

  describe('the state of a message that was sent', () => {
    for (const [name, steps] of Object.entries(journeys)) {
      it(`is true along the way: ${name}`, async () => {
        const store = await open();
        const message = outMessage({ expiresAt: start + hour });
        const frameId = outFrame().frame.id;
        await write(store, (tx) => tx.outbox.insert(message));
        const walked: Step[] = [];
        for (const [happening] of steps) {
          const changed = await write(store, (tx) => happenings[happening]({ tx, id: message.id, frameId }));
          const state = store.read.outbox.message(alice, message.id)?.state ?? 'dead';
          walked.push([happening, state, changed.includes(message.id) ? 'changed' : 'same']);
          const listed = store.read.outbox.list({ agent: alice, states: [state], limit: 5 });
          expect(listed.map(({ id }) => id)).toEqual([message.id]);
        }
        expect(walked).toEqual(steps);
      });
    }

    it('keeps the times of all steps', async () => {
      const store = await open();
      const message = outMessage();
      const frameId = await sentMessages(store, [message]);
      await write(store, (tx) => {
        for (const name of ['delivered', 'seen', 'answered'] as const)
          happenings[name]({ tx, id: message.id, frameId });
      });
      expect(store.read.outbox.message(alice, message.id)).toMatchObject({
        state: 'answered',
        createdAt: start,
        sealedAt: start + 1,
        sentAt: start + 2,
        deliveredAt: start + 3,
        seenAt: start + 4,
        answeredAt: start + 5,
        answerId: 'msg_answer',
        attempts: 1,
        route: 'direct http://b',
      });
    });

    it('moves with one receipt for all messages of a frame, but for those that another receipt refused', async () => {
      const store = await open();
      const messages = Array.from({ length: 5 }, () => outMessage());
      const refused = messages[2]?.id ?? 'msg_none';
      const frameId = await sentMessages(store, messages);
      const changed = await write(store, (tx) => {
        tx.outbox.applyReceipt(toBob, { kind: 'refused', messageId: refused, code: 'NOT_PERMITTED', at: start });
        return tx.outbox.applyReceipt(toBob, { kind: 'delivered', frameId, at: start });
      });
      expect(changed).toEqual(messages.map(({ id }) => id).filter((id) => id !== refused));
      const seen = await write(store, (tx) =>
        tx.outbox.applyReceipt(toBob, { kind: 'seen', messageIds: [...changed, refused, 'msg_unknown'], at: start }),
      );
      expect(seen.toSorted()).toEqual(changed.toSorted());
    });

    it('is not moved by another peer or for another agent', async () => {
      const store = await open();
      const message = outMessage();
      const frameId = await sentMessages(store, [message]);
      const receipts: Receipt[] = [
        { kind: 'delivered', frameId, at: 1 },
        { kind: 'seen', messageIds: [message.id], at: 1 },
        { kind: 'answered', messageId: message.id, answerId: 'msg_x', at: 1 },
        { kind: 'refused', messageId: message.id, code: 'NOT_PERMITTED', at: 1 },
      ];
      await write(store, (tx) => {
        // So that carol and zoe are known.
        tx.outbox.insert(outMessage({ peer: carol }));
        tx.outbox.insert(outMessage({ agent: 'zoe' }));
      });
      for (const receipt of receipts) {
        for (const from of [
          { agent: alice, peer: carol },
          { agent: 'zoe', peer: bob },
        ]) {
          expect(await write(store, (tx) => tx.outbox.applyReceipt(from, receipt))).toEqual([]);
        }
      }
      expect(store.read.outbox.message(alice, message.id)?.state).toBe('sent');
    });
  });
}
