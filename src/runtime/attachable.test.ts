import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { inboundMessage } from '../../test/support/inbound-message.ts';
import { codeOfRejection } from '../../test/support/story.ts';
import { AttachableRuntime, type Attaching, type Offer } from './attachable.ts';

const inbound = inboundMessage();
const { id } = inbound.message;
const live = { signal: new AbortController().signal };

function attached(changed: Partial<Attaching> = {}) {
  const clock = new ManualClock();
  const runtime = new AttachableRuntime(clock);
  const gone = new AbortController();
  const attaching = { program: 'p', types: ['request'], concurrency: 2, timeoutMs: 1000, signal: gone.signal } as const;
  const offers = runtime.attach({ ...attaching, ...changed })[Symbol.asyncIterator]();
  const next = async (): Promise<Offer | undefined> => {
    const { value, done } = await offers.next();
    return done === true ? undefined : value;
  };
  return { clock, runtime, gone, attaching, next };
}

describe('an agent without a runtime', () => {
  it('is offered nothing, and what is offered all the same waits for a program', async () => {
    const runtime = new AttachableRuntime(new ManualClock());
    expect([runtime.kind, runtime.types, runtime.concurrency]).toEqual(['inbox', [], 1]);
    expect(await codeOfRejection(runtime.handle(inbound, live))).toBe('PROGRAM_AWAY');
  });

  it('gives messages to the program that is attached, and its answer back', async () => {
    const { runtime, next } = attached();
    expect([runtime.kind, runtime.types, runtime.concurrency]).toEqual(['attached', ['request'], 2]);
    const answer = runtime.handle(inbound, live);
    expect(await next()).toEqual({ type: 'message', inbound });
    runtime.complete(id, { body: 'yes' });
    expect(await answer).toEqual({ body: 'yes' });
  });

  it('has one program at a time, and the next when that went away', () => {
    const { runtime, gone, attaching } = attached();
    expect(() => runtime.attach(attaching)).toThrow('The program p takes the messages');
    gone.abort();
    expect(runtime.kind).toBe('inbox');
    runtime.attach({ ...attaching, signal: new AbortController().signal });
    expect(runtime.kind).toBe('attached');
  });

  it('offers again what a program had when it went away, what it gave back, and what it failed at', async () => {
    const { runtime, gone } = attached();
    const back = codeOfRejection(runtime.handle(inbound, live));
    runtime.release(id, { error: 'the gateway restarts', counts: false });
    expect(await back).toBe('PROGRAM_AWAY');
    const failed = runtime.handle(inbound, live);
    runtime.release(id, { error: 'no model', counts: true });
    await expect(failed).rejects.toMatchObject({ code: 'HANDLER_FAILED', data: { detail: 'no model' } });
    const lost = codeOfRejection(runtime.handle(inbound, live));
    gone.abort();
    expect(await lost).toBe('PROGRAM_AWAY');
  });

  it('withdraws a message that takes too long, and takes no answer to it any more', async () => {
    const { runtime, clock, next } = attached();
    const late = codeOfRejection(runtime.handle(inbound, live));
    await next();
    await clock.advance(1000);
    expect(await late).toBe('HANDLER_TIMEOUT');
    expect(await next()).toEqual({ type: 'withdrawn', id });
    expect(() => runtime.complete(id, { body: 'late' })).toThrow('is not with the program');
  });
});
