import type { Operations } from '#api';
import { cancelMessage } from '#pipeline';
import { hostNamed, type NodeParts } from '../parts.ts';
import { outboxRowNamed } from './find.ts';
import { contactOf } from './messages.ts';
import { stepsOf } from './steps.ts';
import { defined } from './defined.ts';
import { outboxView } from './views.ts';
import { whyItWaits } from './why-it-waits.ts';

const defaultPage = 50;

/** What became of messages that were sent, and taking one back. */
export function sentMessageOperations(parts: NodeParts): Pick<Operations, 'outbox' | 'track' | 'cancel'> {
  return {
    async outbox(input) {
      const host = hostNamed(parts, input.agent);
      const peer = input.peer === undefined ? undefined : contactOf(host, input.peer).agentId;
      const states = input.state === undefined ? undefined : [input.state];
      const query = { agent: host.agent.name, limit: input.limit ?? defaultPage, ...defined({ peer, states }) };
      return { messages: parts.store.read.outbox.list(query).map((row) => outboxView(host, row)) };
    },

    async track(input) {
      const host = hostNamed(parts, input.agent);
      const row = outboxRowNamed(host, input.id);
      return { ...outboxView(host, row), steps: [...stepsOf(row)], ...defined({ waits: whyItWaits(host, row) }) };
    },

    async cancel(input) {
      const host = hostNamed(parts, input.agent);
      const row = outboxRowNamed(host, input.id);
      await cancelMessage(host.lane(row.peer), row);
      return outboxView(host, outboxRowNamed(host, row.id));
    },
  };
}
