import type { Contact } from '#trust';
import type { Machine } from './machine.ts';
import type { Plant } from './plant.ts';
import { hubPlants } from './planted-hubs.ts';
import { sealAgain, wipeAtOnce } from './planted-sessions.ts';
import { overriding } from './watched-store.ts';

/** Bugs that the simulator must find, planted at the ports of the nodes. */
export const plants: Readonly<Record<string, Plant>> = {
  'acknowledged before the commit': {
    seed: 10,
    twist: {
      composed({ links }) {
        const take = links.onFrame.bind(links);
        links.onFrame = (frame, link) => {
          if (frame.kind === 'request' || frame.kind === 'accept') return take(frame, link);
          take(frame, link).catch(() => undefined);
          return Promise.resolve({ kind: 'delivered' });
        };
      },
    },
  },

  'accepted before it is on the disk': {
    seed: 36,
    twist: { lyingDisk: true },
  },

  'sealed anew at every attempt': {
    seed: 2,
    twist: { composed: sealAgain },
  },

  'no deduplication of messages': {
    seed: 67,
    twist: {
      transaction: (tx, machine) => ({
        ...tx,
        inbox: overriding(tx.inbox, {
          insert(message) {
            const known = tx.inbox.message(message.agent, message.id);
            if (known?.state === 'handled') {
              for (const table of ['inbox_state', 'inbox'])
                machine.disk.run(`DELETE FROM ${table} WHERE seq = ?`, known.seq);
            }
            return tx.inbox.insert(message);
          },
        }),
      }),
    },
  },

  'secrets wiped before the commit': {
    seed: 4,
    twist: { composed: wipeAtOnce },
  },

  'delivered because a socket took the bytes': {
    seed: 4,
    twist: {
      transaction: (tx, machine) => ({
        ...tx,
        outbox: overriding(tx.outbox, {
          markSent(frameId, sent) {
            const ids = tx.outbox.markSent(frameId, sent);
            for (const { agentId } of contactsOf(machine))
              tx.outbox.applyReceipt(
                { agent: machine.name, peer: agentId },
                { kind: 'delivered', frameId, at: sent.at },
              );
            return ids;
          },
        }),
      }),
    },
  },

  'a refusal is tried again': {
    seed: 4,
    twist: {
      transaction: (tx, machine) => ({
        ...tx,
        outbox: overriding(tx.outbox, {
          refuseFrame(frameId) {
            const frames = contactsOf(machine).flatMap(({ agentId }) => tx.outbox.frames(machine.name, agentId));
            const group = frames.find(({ frame }) => frame.id === frameId)?.groupId;
            if (group !== undefined) tx.outbox.unseal(machine.name, group);
            for (const lane of machine.host.lanes) lane.hasStored = true;
            return [];
          },
        }),
      }),
    },
  },

  'the newest message first': {
    seed: 3,
    twist: {
      composed({ parts }) {
        const { outbox } = parts.store.read;
        const waiting = outbox.waiting.bind(outbox);
        outbox.waiting = (query) => waiting(query).toReversed();
      },
    },
  },

  'what was said is in the log': {
    seed: 1,
    twist: {
      composed({ parts, events }) {
        const emit = events.emit.bind(events);
        events.emit = (event) => {
          if (event.type === 'received')
            parts.logger.info('message.received', { text: event.messages[0]?.payload.body });
          emit(event);
        };
      },
    },
  },

  'leases are forgotten at a restart': {
    seed: 2,
    twist: {
      transaction: (tx) => ({ ...tx, inbox: overriding(tx.inbox, { releaseAll: () => 0 }) }),
    },
  },

  ...hubPlants,
};

const contactsOf = (machine: Machine): readonly Contact[] =>
  machine.host.desk.ports.store.read.contacts.list({ agent: machine.name });
