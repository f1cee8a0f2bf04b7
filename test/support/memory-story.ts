import { systemClock } from '#kernel';
import { MemoryNode, type MemoryNodeOptions } from './memory-node.ts';
import { until } from './story.ts';
import { eventually, type NodeLike, pair, signal } from './test-agents.ts';
import { Wire } from './wire.ts';

type Options = Omit<MemoryNodeOptions, 'name' | 'wire'>;

/** Nodes on one wire; all of them end with the story. */
export class MemoryStory implements AsyncDisposable {
  readonly wire = new Wire();
  readonly #nodes: MemoryNode[] = [];

  async start(name: string, options: Options = {}): Promise<MemoryNode> {
    const node = await MemoryNode.start({ ...options, name, wire: this.wire });
    this.#nodes.push(node);
    return node;
  }

  /** Alice and Bob, who trust each other, and whose first messages went both ways. */
  async friends(options: { alice?: Options; bob?: Options } = {}): Promise<readonly [MemoryNode, MemoryNode]> {
    const alice = await this.start('alice', options.alice);
    const bob = await this.start('bob', options.bob);
    await pair(alice, bob);
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const { id } = await from.api.send({ to: to.name, text: 'hello' }, { signal });
      await allReach([from, to], { from, ids: [id] });
    }
    await quiet(alice, bob);
    this.wire.clear();
    return [alice, bob];
  }

  /** Resolves when the nodes have done what they do while time stands still: nothing was written for many turns. */
  async settled(): Promise<void> {
    let still = 0;
    await until(() => {
      still = this.#nodes.some(({ isBusy }) => isBusy) ? 0 : still + 1;
      return still > 100;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node[Symbol.asyncDispose]();
  }
}

const got = new Set(['delivered', 'seen', 'answered']);

/** Resolves when the peer proved to have all of them. */
export const allReach = (
  nodes: readonly NodeLike[],
  sent: { from: NodeLike; ids: readonly string[] },
): Promise<boolean> =>
  eventually(nodes, async () => {
    const rows = await Promise.all(sent.ids.map((id) => sent.from.api.track({ id }, { signal })));
    return rows.every(({ state }) => got.has(state));
  });

/** Resolves when neither has anything to send or to wait for: no frame in flight, no receipt queued. */
export const quiet = (...nodes: readonly MemoryNode[]): Promise<boolean> =>
  eventually(nodes, async () =>
    nodes.every(({ host, name }) => host.desk.ports.store.read.outbox.peersWithWork(name).length === 0),
  );

/** Sends many at once; the ids in the order of sending. */
export async function sendAll(from: NodeLike, to: string, texts: readonly string[]): Promise<readonly string[]> {
  const sent = await Promise.all(texts.map((text) => from.api.send({ to, text }, { signal })));
  return sent.map(({ id }) => id);
}

/** `prefix0`, `prefix1` … */
export const numbered = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** Everything that may happen without what is held back has happened. */
export async function turns(count = 50): Promise<void> {
  for (let n = 0; n < count; n += 1) await systemClock.turn();
}

/** As after the loss of a backup: the node knows nothing of its sessions with the peer. */
export async function forgetSessions(node: MemoryNode, peer: MemoryNode): Promise<void> {
  const lane = node.host.lane(peer.agentId);
  await lane.serial.run(async () => {
    await node.store.transact((tx) => tx.sessions.deleteSessionsOf(node.name, peer.agentId));
    lane.session = undefined;
    lane.openSessions.clear();
  });
}

/** Stops the node in good order, and waits until the other has noticed. */
export async function leave(node: MemoryNode, other: MemoryNode): Promise<void> {
  const { courier } = other.host.lane(node.agentId);
  await node.down();
  await until(() => courier.link === undefined);
}
