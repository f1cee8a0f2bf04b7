import { systemClock } from '#kernel';
import { Agent } from '../agent.ts';
import type { RoundTrip } from './round-trip.ts';

export interface StrangerOptions {
  /** Of the agent that is asked. */
  readonly invite: string;
  readonly text: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** An agent made up for it accepts the invite, asks, and is gone; nothing of it is kept here. Rejects as `ask` does. */
export async function askAsStranger({ invite, text, timeoutMs, signal }: StrangerOptions): Promise<RoundTrip> {
  const stranger = new Agent('mesh-setup', { host: '127.0.0.1' });
  try {
    await stranger.ready();
    const { petname } = await stranger.operations.join({ invite, tier: 'notify', waitMs: timeoutMs }, { signal });
    const startedAt = systemClock.monotonic();
    const { answer } = await stranger.ask(petname, text, { timeoutMs, signal });
    return {
      ms: Math.round(systemClock.monotonic() - startedAt),
      ...(answer === undefined ? {} : { answer: answer.body }),
    };
  } finally {
    await stranger.close();
  }
}
