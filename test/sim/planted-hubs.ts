import { tellMailAnswers } from '#pipeline';
import type { Plant } from './plant.ts';
import { overriding } from './watched-store.ts';

/** Bugs about hubs: only seeds with hubs can find them. */
export const hubPlants: Readonly<Record<string, Plant>> = {
  'a frame is over when a hub keeps it': {
    seed: 8,
    twist: {
      transaction: (tx, machine) => ({
        ...tx,
        outbox: overriding(tx.outbox, {
          markStored(frameId, stored) {
            for (const { courier } of machine.host.lanes) void courier.answered(frameId, { kind: 'delivered' });
            return tx.outbox.markStored(frameId, stored);
          },
        }),
      }),
    },
  },

  'delivered because a hub keeps it': {
    seed: 8,
    twist: {
      transaction: (tx, machine) => ({
        ...tx,
        outbox: overriding(tx.outbox, {
          markStored(frameId, stored) {
            const ids = tx.outbox.markStored(frameId, stored);
            for (const { peer } of machine.host.lanes)
              tx.outbox.applyReceipt({ agent: machine.name, peer }, { kind: 'delivered', frameId, at: stored.at });
            return ids;
          },
        }),
      }),
    },
  },

  'mail is answered before it is stored': {
    seed: 8,
    twist: {
      composed(_composed, { host }) {
        const take = host.mail.take.bind(host.mail);
        host.mail.take = (frame) => {
          if (frame.kind === 'app' && host.contact(frame.from) !== undefined) {
            const lane = host.lane(frame.from);
            lane.mailAnswers.owe(frame.id, { kind: 'delivered' });
            void tellMailAnswers(lane);
          }
          take(frame).catch(() => undefined);
          return Promise.resolve();
        };
      },
    },
  },
};
