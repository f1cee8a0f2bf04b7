import type { Operations, Output } from '#api';
import { MeshError } from '#kernel';
import { approveReview, denyReview, digestOf, type HeldMessage } from '#pipeline';
import { decodeMessage } from '#protocol';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { defined } from './defined.ts';
import { idPrefixOf, only } from './find.ts';
import { peerOf } from './peer-of.ts';
import type { Warning } from './peer-warnings.ts';
import { sourcesView } from '../guard-views.ts';
import { payloadView } from './views.ts';

type ReviewOperations = Pick<Operations, 'reviews' | 'review' | 'approveReview' | 'denyReview'>;
type Review = Output<'review'>;

const defaultPage = 50;
/** More than may wait. */
const all = 1_000_000;

/** What waits for the owner because the guard saw something in it. */
export function reviewOperations(parts: NodeParts): ReviewOperations {
  return {
    async reviews(input) {
      const host = hostNamed(parts, input.agent);
      const { guards } = parts.store.read;
      const rows = guards.held(host.agent.name, input.limit ?? defaultPage);
      return { reviews: rows.map((held) => reviewView(host, held)), waiting: guards.heldCount(host.agent.name) };
    },

    async review(input) {
      const host = hostNamed(parts, input.agent);
      return reviewView(host, heldNamed(parts, host, input.id));
    },

    async approveReview(input) {
      const host = hostNamed(parts, input.agent);
      const held = heldNamed(parts, host, input.id);
      await approveReview({ lane: host.lane(held.peer), held, digest: input.digest });
      host.runner.wake();
      return { ...decidedView(host, held), decision: 'approved' as const };
    },

    async denyReview(input) {
      const host = hostNamed(parts, input.agent);
      const held = heldNamed(parts, host, input.id);
      const decided = decidedView(host, held);
      await denyReview({ lane: host.lane(held.peer), held, digest: input.digest });
      return { ...decided, decision: 'denied' as const };
    },
  };
}

function heldNamed(parts: NodeParts, host: AgentHost, text: string): HeldMessage {
  const prefix = text.startsWith('msg_') && text.length === 40 ? text : idPrefixOf(text);
  const held = parts.store.read.guards.held(host.agent.name, all);
  const found = prefix === undefined ? [] : held.filter(({ id }) => id.startsWith(prefix));
  if (found.length > 0) return only(found, { text, where: 'review queue' });
  throw new MeshError('NOT_FOUND', `No message ${JSON.stringify(text.slice(0, 80))} waits for a review`, {
    hint: 'See what waits: mesh review list',
  });
}

/** The bytes that are acted on, as they lie in the inbox or the outbox. */
function rowOf({ desk, agent }: AgentHost, { direction, peer, id }: HeldMessage) {
  const { inbox, outbox } = desk.ports.store.read;
  const row = direction === 'in' ? inbox.sameAs(agent.name, peer, id) : outbox.message(agent.name, id);
  if (row === undefined) throw new MeshError('NOT_FOUND', `The message ${id} is not there any more`);
  return row;
}

const decidedView = (host: AgentHost, held: HeldMessage) => ({
  id: held.id,
  direction: held.direction,
  digest: digestOf(held, rowOf(host, held).body),
});

function reviewView(host: AgentHost, held: HeldMessage): Review {
  const { body, expiresAt } = rowOf(host, held);
  const message = decodeMessage(body);
  return {
    direction: held.direction,
    id: held.id,
    ...peerOf(host, held.peer),
    type: message.type,
    since: held.at,
    expiresAt,
    digest: digestOf(held, body),
    guard: [...held.findings],
    ...payloadView(host, message.payload, { direction: held.direction, peer: held.peer, id: held.id }),
    ...defined({ sources: sourcesView(host, message) }),
  };
}

/** Nobody should have to look for what waits. */
export function reviewWarnings({ agent, desk }: AgentHost): readonly Warning[] {
  const count = desk.ports.store.read.guards.heldCount(agent.name);
  const total = count.in + count.out;
  if (total === 0) return [];
  const what = [count.in > 0 ? `${count.in} that came in` : '', count.out > 0 ? `${count.out} to be sent` : ''];
  const parts = what.filter((part) => part !== '').join(', ');
  const message = `${total} message${total === 1 ? ' waits' : 's wait'} for you, because the guard saw something: ${parts}`;
  return [{ code: 'REVIEW_PENDING', message, hint: 'Look and decide: mesh review' }];
}
