import { describe, expect, it } from 'vitest';
import { toMeshError } from '#kernel';
import { messageTypes } from '#protocol';
import { inboundMessage } from '../../test/support/inbound-message.ts';
import { type Handler, inProcessRuntime } from './in-process.ts';

const inbound = inboundMessage();
const { signal } = new AbortController();

describe('the in-process runtime', () => {
  it('calls all handlers in the order they were added, and the first defined answer counts', async () => {
    const calls: number[] = [];
    const handler =
      (number: number, answer?: string): Handler =>
      async () => {
        await Promise.resolve();
        calls.push(number);
        return answer;
      };
    const runtime = inProcessRuntime(handler(1), handler(2, 'two'));
    runtime.add(handler(3, 'three'));
    expect(await runtime.handle(inbound, { signal })).toEqual({ body: 'two' });
    expect(calls).toEqual([1, 2, 3]);
  });

  it('passes on answers with subject and metadata, and takes an empty text for an answer', async () => {
    const answer = { body: 'b', subject: 's', metadata: { n: 1 } };
    expect(await inProcessRuntime(() => answer).handle(inbound, { signal })).toEqual(answer);
    expect(
      await inProcessRuntime(
        () => '',
        () => 'late',
      ).handle(inbound, { signal }),
    ).toEqual({ body: '' });
    expect(await inProcessRuntime(() => {}).handle(inbound, { signal })).toBeUndefined();
  });

  it('is offered every type, but nothing while it has no handler', () => {
    const runtime = inProcessRuntime();
    expect(runtime.types).toEqual([]);
    const remove = runtime.add(() => {});
    expect(runtime.types).toEqual(messageTypes);
    remove();
    expect(runtime.types).toEqual([]);
    expect(runtime.concurrency).toBe(1);
  });

  it('takes away one of two additions of the same function', async () => {
    let calls = 0;
    const count: Handler = () => {
      calls += 1;
    };
    const runtime = inProcessRuntime(count);
    runtime.add(count)();
    await runtime.handle(inbound, { signal });
    expect(calls).toBe(1);
  });

  it('fails with the error of a handler as detail, and does not call the next', async () => {
    const runtime = inProcessRuntime(
      () => {
        throw new TypeError('no such tool');
      },
      () => 'unreached',
    );
    const error = await runtime.handle(inbound, { signal }).catch(toMeshError);
    expect(error).toMatchObject({ code: 'HANDLER_FAILED', data: { detail: 'no such tool' } });
  });

  it('rejects with the reason when it is aborted between handlers', async () => {
    const stop = new AbortController();
    const reason = new Error('stopping');
    const runtime = inProcessRuntime(
      () => stop.abort(reason),
      () => 'unreached',
    );
    await expect(runtime.handle(inbound, { signal: stop.signal })).rejects.toBe(reason);
  });
});
