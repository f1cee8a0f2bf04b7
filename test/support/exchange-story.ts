import type { ContactView, RequestView } from '#api';
import type { MemoryNode } from './memory-node.ts';
import type { ManualClock } from './manual-clock.ts';
import { allReach, turns } from './memory-story.ts';
import { inboxTexts, send } from './story.ts';
import { eventually, type NodeLike, signal } from './test-agents.ts';

// The steps of two people who come to trust each other, by the name that each agent gave itself.

/** `asker` asks `asked` for contact, by the card that it was given. */
export const ask = (asker: MemoryNode, asked: MemoryNode, purpose?: string): Promise<RequestView> => {
  const target = { ...asked.host.agent.card() };
  return asker.api.request({ target, ...(purpose === undefined ? {} : { purpose }) }, { signal });
};

/** The request of the other that waits for a person at the node. */
export const waitingAt = async (node: NodeLike, other: NodeLike): Promise<RequestView | undefined> =>
  (await node.api.requests({}, { signal })).requests.find(
    ({ petname, direction }) => direction === 'in' && petname === other.name,
  );

/** Resolves when the request of `asker` waits at `asked`, and the asker knows. */
export async function arrives(asker: NodeLike, asked: NodeLike, clock?: ManualClock): Promise<RequestView> {
  await eventually([asker, asked], async () => {
    const isSo = (await seenBy(asker, asked))?.exchange?.state === 'delivered';
    if (!isSo) await timePasses(clock);
    return isSo;
  });
  return eventually([asker, asked], () => waitingAt(asked, asker));
}

export async function approve(approver: NodeLike, asker: NodeLike): Promise<ContactView> {
  const request = await waitingAt(approver, asker);
  if (request === undefined) throw new Error(`${asker.name} does not ask ${approver.name}`);
  return approver.api.approve({ id: request.id }, { signal });
}

/** A second, once everything that takes none is done. */
async function timePasses(clock: ManualClock | undefined): Promise<void> {
  await turns(10);
  await clock?.advance(1000);
}

/** What the node knows of the other; undefined when nothing. */
export const seenBy = async (node: NodeLike, other: NodeLike): Promise<ContactView | undefined> =>
  (await node.api.contacts({}, { signal })).contacts.find(({ petname }) => petname === other.name);

/** In one word: `trusted` only when nothing is open and nothing was refused; else state, step, and code of a refusal. */
export async function standing(node: NodeLike, other: NodeLike): Promise<string> {
  const contact = await seenBy(node, other);
  if (contact === undefined) return 'unknown';
  const { state, exchange, refusal } = contact;
  const step = exchange === undefined ? [] : [exchange.step, exchange.state];
  return [state, ...step, ...(refusal === undefined ? [] : [refusal.of, refusal.code])].join(' ');
}

export const areMutual = async (a: NodeLike, b: NodeLike): Promise<boolean> =>
  (await standing(a, b)) === 'trusted' && (await standing(b, a)) === 'trusted';

/** Resolves when each trusts the other, and both know; else the test does not end. With a clock, time goes on meanwhile. */
export const expectPeers = (a: NodeLike, b: NodeLike, clock?: ManualClock): Promise<boolean> =>
  eventually([a, b], async () => {
    const isSo = await areMutual(a, b);
    if (!isSo) await timePasses(clock);
    return isSo;
  });

/** Resolves when the node says this of the other. */
export const comesTo = (node: NodeLike, other: NodeLike, expected: string, clock?: ManualClock): Promise<boolean> =>
  eventually([node], async () => {
    const isSo = (await standing(node, other)) === expected;
    if (!isSo) await timePasses(clock);
    return isSo;
  });

/** A message each way arrives once. */
export async function talk(a: NodeLike, b: NodeLike, clock?: ManualClock): Promise<void> {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const text = `${from.name} was here`;
    const before = (await inboxTexts(to)).filter((one) => one === text).length;
    await expectArrival(from, to, { ids: [await send(from, to.name, text)], clock });
    const after = (await inboxTexts(to)).filter((one) => one === text).length;
    if (after !== before + 1) throw new Error(`${to.name} got it ${after - before} times`);
  }
}

/** Resolves when the receiver proved to have all of them. */
export async function expectArrival(
  from: NodeLike,
  to: NodeLike,
  { ids, clock }: { readonly ids: readonly string[]; readonly clock?: ManualClock | undefined },
): Promise<void> {
  if (clock === undefined) {
    await allReach([from, to], { from, ids });
    return;
  }
  const got = new Set(['delivered', 'seen', 'answered']);
  await eventually([from, to], async () => {
    await clock.advance(100);
    const rows = await Promise.all(ids.map((id) => from.api.track({ id }, { signal })));
    return rows.every(({ state }) => got.has(state));
  });
}
