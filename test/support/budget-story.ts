import { codeOf } from '#kernel';
import type { Message } from '#protocol';
import type { Answer, InboundMessage } from '#runtime';
import type { MemoryNode, MemoryNodeOptions } from './memory-node.ts';
import { type MemoryStory, quiet } from './memory-story.ts';
import { eventually, handledBy, pair, signal } from './test-agents.ts';

export interface Turn {
  readonly at: string;
  readonly node: MemoryNode;
  readonly from: string;
  readonly message: Message;
  readonly attempt: number;
}

/** What the program of an agent does with a message. */
export type Program = (turn: Turn) => Promise<Answer | string | undefined | void> | Answer | string | undefined | void;

/** Agents who all trust each other, and whose programs all do the same; every turn that starts is noted. */
export class Circle {
  readonly nodes: readonly MemoryNode[];
  readonly turns: Turn[] = [];
  /** Codes of sends that were refused. */
  readonly refusals: string[] = [];

  private constructor(nodes: MemoryNode[]) {
    this.nodes = nodes;
  }

  static async start(
    story: MemoryStory,
    names: readonly string[],
    { program, ...options }: { readonly program: Program } & Omit<MemoryNodeOptions, 'name' | 'wire' | 'runtime'>,
  ): Promise<Circle> {
    const nodes: MemoryNode[] = [];
    const circle = new Circle(nodes);
    for (const name of names) {
      const runtime = handledBy((inbound: InboundMessage) => circle.#take(name, inbound, program));
      nodes.push(await story.start(name, { ...options, runtime }));
    }
    for (const [index, node] of nodes.entries()) for (const other of nodes.slice(index + 1)) await pair(node, other);
    return circle;
  }

  named(name: string): MemoryNode {
    const node = this.nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`There is no ${name}`);
    return node;
  }

  /** Says it, or notes why that was refused. */
  async say(
    from: string,
    to: string,
    more: { readonly turns?: number; readonly hops?: number } = {},
  ): Promise<boolean> {
    try {
      await this.named(from).api.send({ to, text: 'and again', ...more }, { signal });
      return true;
    } catch (error) {
      this.refusals.push(codeOf(error));
      return false;
    }
  }

  /** Resolves when nobody has anything to do or to send. */
  async atRest(): Promise<void> {
    let before = -1;
    await eventually(this.nodes, async () => {
      await quiet(...this.nodes);
      const isBusy = this.nodes.some(({ host, name, store }) => {
        const { waiting, leased } = store.read.inbox.counts(name);
        return waiting + leased + host.runner.atWork.causes.length > 0;
      });
      const isSame = before === this.turns.length;
      before = this.turns.length;
      return !isBusy && isSame;
    });
  }

  /** Dead letters that nothing may follow from, at all agents. */
  async exhausted(): Promise<number> {
    const lists = await Promise.all(
      this.nodes.map(({ api }) => api.deadLetters({ box: 'inbox', limit: 1000 }, { signal })),
    );
    return lists.flatMap(({ letters }) => letters).filter(({ reason }) => reason === 'BUDGET_EXHAUSTED').length;
  }

  async #take(at: string, { message, senderName, attempt }: InboundMessage, program: Program) {
    const turn = { at, node: this.named(at), from: senderName, message, attempt };
    this.turns.push(turn);
    return program(turn);
  }
}
