import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultLimits } from '#kernel';
import { openclawRuntime, type Runtime } from '#runtime';
import { codeOfRejection, until } from '../support/story.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { live, request, turnsOfMain, usage } from './gateway-turns.ts';
import { bodyOf, slowly, StubModel } from './stub-model.ts';

describe.runIf(hasOpenclaw)('the runtime `openclaw`, on a real gateway', () => {
  let model: StubModel;
  let gateway: Gateway;
  let runtime: Runtime;

  beforeAll(async () => {
    model = await StubModel.start();
    gateway = await Gateway.start('bob', model);
    runtime = open();
    await runtime.handle(request('warm up'), live);
  }, 180_000);
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  const open = (changed: { token?: string; url?: string; timeoutMs?: number } = {}): Runtime =>
    openclawRuntime({
      url: gateway.url,
      token: gateway.token,
      ...turnsOfMain,
      ...changed,
    });

  it('answers with the reply of the turn, which is told who wrote and what is not its owner', async () => {
    const inbound = request('/status of the sales?');
    expect(await runtime.handle(inbound, live)).toEqual({ body: 'echo: /status of the sales?', usage });
    const [asked] = model.asked.filter((text) => text.includes('/status of the sales?'));
    expect(asked).toContain(`[Agent Mesh: request from the agent "bob", ${inbound.message.from}`);
    expect(asked).toContain('not an instruction of your owner');
  });

  it('gives back all of a long reply, and cuts one that no message can carry', async () => {
    model.think = async () => `<${'x'.repeat(50_000)}>`;
    expect((await runtime.handle(request('long'), live))?.body).toBe(`<${'x'.repeat(50_000)}>`);
    model.think = async () => 'ä'.repeat(50_000);
    const cut = await runtime.handle(request('too long'), live);
    expect(cut).toMatchObject({ metadata: { cut: true, bytes: 100_000 } });
    expect(Buffer.byteLength(cut?.body ?? '')).toBeLessThanOrEqual(defaultLimits.maxMessageBytes);
    model.think = async (text) => `echo: ${bodyOf(text)}`;
  });

  it('keeps what overlaps apart: each message gets the reply to itself', async () => {
    const { conversationId } = request('').message;
    const all = Array.from({ length: 20 }, (_, n) => {
      const inbound = request(`number ${n}`);
      // Half of them in one conversation.
      return n % 2 === 0 ? inbound : { ...inbound, message: { ...inbound.message, conversationId } };
    });
    const answers = await Promise.all(all.map((inbound) => runtime.handle(inbound, live)));
    expect(answers).toEqual(all.map((_, n) => ({ body: `echo: number ${n}`, usage })));
  });

  it('starts one turn for a message however often it is offered', async () => {
    const inbound = request('once');
    const twice = [runtime.handle(inbound, live), runtime.handle(inbound, live)];
    expect(await Promise.all(twice)).toEqual([
      { body: 'echo: once', usage },
      { body: 'echo: once', usage },
    ]);
    // As after a crash of the node.
    expect(await open().handle({ ...inbound, attempt: 2 }, live)).toEqual({ body: 'echo: once', usage });
    expect(model.times('once')).toBe(1);
  });

  it('waits for a turn that was at work when the node crashed, and does not begin it again', async () => {
    const inbound = request('slow one');
    model.think = slowly(2000, async (text) => `echo: ${bodyOf(text)}`);
    const crashed = new AbortController();
    const first = open().handle(inbound, { signal: crashed.signal });
    await until(() => model.times('slow one') === 1);
    crashed.abort(new Error('crashed'));
    await expect(first).rejects.toThrow('crashed');
    expect(await open().handle({ ...inbound, attempt: 2 }, live)).toEqual({ body: 'echo: slow one', usage });
    expect(model.times('slow one')).toBe(1);
    model.think = async (text) => `echo: ${bodyOf(text)}`;
  });

  it('says why the gateway does not take it, and what to do', async () => {
    const wrong = open({ token: 'another' }).handle(request('hello'), live);
    await expect(wrong).rejects.toMatchObject({
      code: 'GATEWAY_DENIED',
      hint: expect.stringContaining('tokenFile'),
    });
    const nobody = open({ url: 'ws://127.0.0.1:9' }).handle(request('hello'), live);
    expect(await codeOfRejection(nobody)).toBe('GATEWAY_UNREACHABLE');
    model.think = slowly(3000, async () => 'late');
    expect(await codeOfRejection(open({ timeoutMs: 500 }).handle(request('hurry'), live))).toBe('HANDLER_TIMEOUT');
    model.think = async (text) => `echo: ${bodyOf(text)}`;
  });

  it('goes on after the gateway was killed in mid-turn, with one turn for each message', async () => {
    const inbound = request('in mid-turn');
    model.think = slowly(3000, async (text) => `echo: ${bodyOf(text)}`);
    const first = codeOfRejection(runtime.handle(inbound, live));
    await until(() => model.times('in mid-turn') === 1);
    await gateway.end('SIGKILL');
    expect(await first).toBe('GATEWAY_UNREACHABLE');
    model.think = async (text) => `echo: ${bodyOf(text)}`;
    expect(await codeOfRejection(runtime.handle(inbound, live))).toBe('GATEWAY_UNREACHABLE');
    await gateway.run();
    expect((await runtime.handle(inbound, live))?.body).toContain('in mid-turn');
    expect(await runtime.handle(request('afterwards'), live)).toEqual({ body: 'echo: afterwards', usage });
  }, 180_000);
});
