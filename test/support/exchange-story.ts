import type { ContactView, RequestView } from '#api';
import { cardBytes } from '#identity';
import type { MemoryNode } from './memory-node.ts';
import { eventually, type NodeLike, signal } from './test-agents.ts';

/** The public card of the node's agent as a person hands it over. */
export const cardOf = (node: MemoryNode): Record<string, unknown> =>
  JSON.parse(Buffer.from(cardBytes(node.host.agent.card())).toString('utf8')) as Record<string, unknown>;

/** `asker` asks for contact by the card of `asked`. */
export const ask = (asker: MemoryNode, asked: MemoryNode, purpose?: string): Promise<RequestView> =>
  asker.api.request({ target: cardOf(asked), ...(purpose === undefined ? {} : { purpose }) }, { signal });

/** The request of `name` that waits for a person at the node, or none. */
export const waitingAt = async (node: NodeLike, name: string): Promise<RequestView | undefined> =>
  (await node.api.requests({}, { signal })).requests.find(
    ({ petname, direction }) => direction === 'in' && petname === name,
  );

/** Resolves when the request of `asker` waits at `asked`. */
export const arrives = (asker: NodeLike, asked: NodeLike): Promise<RequestView> =>
  eventually([asker, asked], () => waitingAt(asked, asker.name));

export const approve = async (approver: NodeLike, asker: NodeLike): Promise<ContactView> => {
  const request = await waitingAt(approver, asker.name);
  if (request === undefined) throw new Error(`${asker.name} does not ask ${approver.name}`);
  return approver.api.approve({ id: request.id }, { signal });
};

/** What the node shows of the other. Undefined when it knows nothing of it. */
export const seenBy = async (node: NodeLike, other: NodeLike): Promise<ContactView | undefined> =>
  (await node.api.contacts({}, { signal })).contacts.find(({ petname }) => petname === other.name);
