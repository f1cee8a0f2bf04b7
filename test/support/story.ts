import { setImmediate as turn } from 'node:timers/promises';
import { codeOf, defaultLimits, type Limits } from '#kernel';
import { eventually, type NodeLike, signal, TestNode, type TestNodeOptions } from './test-agents.ts';

/** What failed is tried again at once. */
export const impatient = {
  quickRetryMs: [10, 10, 10],
  slowRetryMs: 20,
  breakerCooldownMs: 20,
  breakerMaxCooldownMs: 20,
  storeRetryMs: 10,
  storeMaxRetryMs: 20,
} satisfies Partial<Limits>;

/** The nodes of a story; all of them end with it. */
export class Story implements AsyncDisposable {
  readonly #nodes: TestNode[] = [];

  async start(name: string, options: Omit<TestNodeOptions, 'name'> = {}): Promise<TestNode> {
    const node = await TestNode.start({ ...options, name, limits: { ...impatient, ...options.limits } });
    this.#nodes.push(node);
    return node;
  }

  /** A node on a folder that is there already. */
  async startOn(dir: string, name: string, options: Omit<TestNodeOptions, 'name'> = {}): Promise<TestNode> {
    const node = await TestNode.on(dir, { ...options, name, limits: { ...impatient, ...options.limits } });
    this.#nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes.splice(0)) await node[Symbol.asyncDispose]();
  }
}

/** What failed is tried again as by a node in the field: for stories whose clock the test moves by hours. */
export const patient = {
  quickRetryMs: defaultLimits.quickRetryMs,
  slowRetryMs: defaultLimits.slowRetryMs,
  breakerCooldownMs: defaultLimits.breakerCooldownMs,
  breakerMaxCooldownMs: defaultLimits.breakerMaxCooldownMs,
  storeRetryMs: defaultLimits.storeRetryMs,
  storeMaxRetryMs: defaultLimits.storeMaxRetryMs,
} satisfies Partial<Limits>;

export const stateOf = async (node: NodeLike, id: string): Promise<string> =>
  (await node.api.track({ id }, { signal })).state;

/** In order of arrival. */
export const inboxTexts = async (node: NodeLike, limit = 1000): Promise<readonly string[]> =>
  (await node.api.inbox({ limit }, { signal })).messages.map(({ body }) => body).reverse();

export async function send(from: NodeLike, to: string, text: string): Promise<string> {
  return (await from.api.send({ to, text }, { signal })).id;
}

/** Resolves when the message has reached the state. */
export const reaches = (nodes: readonly NodeLike[], message: { from: NodeLike; id: string; state: string }) =>
  eventually(nodes, async () => (await stateOf(message.from, message.id)) === message.state);

/** The code that the call fails with. */
export const codeOfRejection = (call: Promise<unknown>): Promise<string> => call.then(() => 'no error', codeOf);

let sent = 0;

/** An honest message arrives, so nothing that was done before keeps the two from talking. */
export async function stillTalk(from: NodeLike, to: NodeLike): Promise<void> {
  const text = `still here ${(sent += 1)}`;
  const id = await send(from, to.name, text);
  await eventually([from, to], async () => ['delivered', 'seen'].includes(await stateOf(from, id)));
  const texts = await inboxTexts(to);
  if (texts.filter((one) => one === text).length !== 1) throw new Error(`${to.name} does not have it once`);
}

const maxTurns = 10_000_000;

/** Resolves when the look is true; for what happens without an event of a node. Rejects when it never is. */
export async function until(look: () => boolean): Promise<void> {
  for (let n = 0; n < maxTurns; n += 1) {
    if (look()) return;
    await turn();
  }
  throw new Error(`It did not happen: ${String(look)}`);
}
