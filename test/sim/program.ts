import { MeshError } from '#kernel';
import { messageTypes } from '#protocol';
import type { InboundMessage, Runtime } from '#runtime';
import type { Said, Turn } from './ledger.ts';
import type { Machine } from './machine.ts';
import type { Running } from './computer-parts.ts';
import type { Composed } from '../../src/node/compose.ts';

/** How the program of an agent is at the moment. */
export interface ProgramMood {
  /** How often it fails. */
  failing: number;
  /** How often it takes the whole process with it. */
  fatal: number;
  /** Mean time for a message, in ms. */
  thinksMs: number;
}

export interface ProgramOptions {
  readonly machine: Machine;
  readonly running: Running<Composed>;
  readonly mood: ProgramMood;
  readonly concurrency: number;
  /** The program is given a message. */
  onOffer(inbound: InboundMessage): Turn;
  onEnd(turn: Turn, outcome: 'returned' | 'failed' | 'fatal'): void;
  /** What it answers to a request, if anything. */
  answer(inbound: InboundMessage): Said | undefined;
}

/** The program of an agent: slow, failing or fatal as its mood is. */
export function program(options: ProgramOptions): Runtime {
  const { machine, running, mood, concurrency, onOffer, onEnd, answer } = options;
  const { random, clock, life } = running;
  const think = async (turn: Turn, signal: AbortSignal): Promise<void> => {
    try {
      if (mood.thinksMs > 0) await clock.sleep(random.span(mood.thinksMs), { signal });
      if (random.chance(mood.failing)) throw new MeshError('HANDLER_FAILED', 'The program failed');
    } catch (error) {
      onEnd(turn, 'failed');
      throw error;
    }
  };
  return {
    kind: 'in-process',
    types: messageTypes,
    concurrency,
    async handle(inbound, { signal }) {
      const turn = onOffer(inbound);
      await think(turn, signal);
      if (random.chance(mood.fatal)) {
        onEnd(turn, 'fatal');
        machine.die('killed');
        return await life.guard(Promise.resolve(undefined));
      }
      const said = inbound.message.type === 'request' ? answer(inbound) : undefined;
      onEnd(turn, 'returned');
      return said && { body: said.body };
    },
  };
}
