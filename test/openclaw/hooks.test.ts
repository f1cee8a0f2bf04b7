import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HooksOptions, hooksRuntime, type Runtime } from '#runtime';
import { codeOfRejection, until } from '../support/story.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { live, request, turnsOfMain, usage } from './gateway-turns.ts';
import { echo, slowly, StubModel } from './stub-model.ts';

const hookToken = 'token-of-the-hooks-of-the-gateway';

describe.runIf(hasOpenclaw)('the runtime `openclaw` over hooks, on a real gateway', () => {
  let model: StubModel;
  let gateway: Gateway;
  let runtime: Runtime;
  let deaf: Runtime;

  beforeAll(async () => {
    model = await StubModel.start();
    const inbox = {
      id: 'inbox',
      match: { path: 'inbox' },
      action: 'agent',
      agentId: 'main',
      sessionKey: 'hook:mesh:inbox',
      sessionMode: 'persistent',
      messageTemplate: '{{message}}',
      deliver: false,
    };
    const hooks = {
      enabled: true,
      token: hookToken,
      allowedAgentIds: ['main'],
      allowRequestSessionKey: true,
      allowedSessionKeyPrefixes: ['hook:mesh:'],
      defaultSessionKey: 'hook:mesh:default',
      mappings: [inbox],
    };
    gateway = await Gateway.start('hooks', model, { config: { hooks } });
    runtime = open();
    deaf = open({ token: undefined });
    await runtime.handle(request('warm up'), live);
  }, 180_000);
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    model.think = echo;
  });

  const open = (changed: Partial<HooksOptions> = {}): Runtime =>
    hooksRuntime({
      url: gateway.url.replace('ws', 'http'),
      hook: '/hooks/agent',
      hookToken,
      token: gateway.token,
      sessionMode: 'persistent',
      ...turnsOfMain,
      ...changed,
    });

  it('answers with the whole reply, which it reads from the session of the turn', async () => {
    const inbound = request('/status of the sales?');
    expect(await runtime.handle(inbound, live)).toEqual({ body: 'echo: /status of the sales?', usage });
    const [asked] = model.asked.filter((text) => text.includes('/status of the sales?'));
    expect(asked).toContain(`[Agent Mesh: request from the agent "bob", ${inbound.message.from}`);
    expect(asked).toContain('It has no authority');
    model.think = async () => `<${'x'.repeat(50_000)}>`;
    expect((await runtime.handle(request('long'), live))?.body).toBe(`<${'x'.repeat(50_000)}>`);
  });

  it('hands a message over, and has no answer, without the token of the gateway', async () => {
    const inbound = request('only told');
    expect(await deaf.handle(inbound, live)).toBeUndefined();
    const [asked] = model.asked.filter((text) => text.includes('only told'));
    expect(asked).toContain(`mesh reply ${inbound.message.id} TEXT`);
  });

  it('goes over a mapping that keeps its session', async () => {
    const mapped = { hook: '/hooks/inbox', hookSession: 'hook:mesh:inbox' };
    const all = ['one', 'two', 'three'].map((body) => open(mapped).handle(request(`mapped ${body}`), live));
    expect((await Promise.all(all)).map((answer) => answer?.body)).toEqual(
      ['one', 'two', 'three'].map((body) => `echo: mapped ${body}`),
    );
    expect(await open({ ...mapped, token: undefined }).handle(request('mapped deaf'), live)).toBeUndefined();
  });

  it('keeps what overlaps apart: each message gets the reply to itself', async () => {
    const { conversationId } = request('').message;
    const all = Array.from({ length: 12 }, (_, n) => {
      const inbound = request(`number ${n}`);
      // Half of them in one conversation.
      return n % 2 === 0 ? inbound : { ...inbound, message: { ...inbound.message, conversationId } };
    });
    const answers = await Promise.all(all.map((inbound) => runtime.handle(inbound, live)));
    expect(answers.map((answer) => answer?.body)).toEqual(all.map((_, n) => `echo: number ${n}`));
  }, 60_000);

  it.each([
    ['once', { body: 'echo: once' }, {}],
    ['one time', undefined, { token: undefined }],
  ] as const)('starts one turn for a message however often it is offered: %s', async (body, answer, changed) => {
    const inbound = request(body);
    model.think = slowly(2000, echo);
    const crashed = new AbortController();
    const first = open(changed).handle(inbound, { signal: crashed.signal });
    await until(() => model.times(body) === 1);
    crashed.abort(new Error('crashed'));
    await expect(first).rejects.toThrow('crashed');
    // As after a crash of the node, in mid-turn and behind it.
    for (const attempt of [2, 3]) {
      const again = await open(changed).handle({ ...inbound, attempt }, live);
      if (answer === undefined) expect(again).toBeUndefined();
      else expect(again).toMatchObject(answer);
    }
    expect(model.times(body)).toBe(1);
  });

  it('fails with the model, and another turn is begun for the next attempt', async () => {
    model.think = async () => ({ status: 400 });
    const inbound = request('broken');
    expect(await codeOfRejection(runtime.handle(inbound, live))).toBe('HANDLER_FAILED');
    model.think = echo;
    expect(await runtime.handle({ ...inbound, attempt: 2 }, live)).toMatchObject({ body: 'echo: broken' });
    model.think = slowly(3000, async () => 'late');
    expect(await codeOfRejection(open({ timeoutMs: 500 }).handle(request('hurry'), live))).toBe('HANDLER_TIMEOUT');
  }, 60_000);

  it('says what its owner has to do before it can begin', async () => {
    const cases: readonly (readonly [Partial<HooksOptions>, string, string])[] = [
      [{ hookToken: 'another' }, 'GATEWAY_DENIED', 'hooks.token'],
      [{ hook: '/hook/agent' }, 'GATEWAY_DENIED', 'hooks.path'],
      [{ gatewayAgent: 'nobody' }, 'GATEWAY_DENIED', 'hooks.allowedAgentIds'],
      [{ token: 'another' }, 'GATEWAY_DENIED', 'tokenFile'],
    ];
    for (const [changed, code, hint] of cases) {
      const one = open(changed);
      await expect(one.handle(request('hello'), live)).rejects.toMatchObject({
        code,
        hint: expect.stringContaining(hint),
      });
      expect(one.trouble?.code).toBe(code);
    }
  });

  it('goes on after the gateway was killed in mid-turn, with one turn for each message', async () => {
    const [heard, told] = [request('heard in mid-turn'), request('told in mid-turn')];
    model.think = slowly(4000, echo);
    const ended = [codeOfRejection(runtime.handle(heard, live)), codeOfRejection(deaf.handle(told, live))];
    await until(() => model.times('heard in mid-turn') + model.times('told in mid-turn') === 2);
    await gateway.end('SIGKILL');
    expect(await Promise.all(ended)).toEqual(['GATEWAY_UNREACHABLE', 'GATEWAY_UNREACHABLE']);
    model.think = echo;
    expect(await codeOfRejection(runtime.handle(heard, live))).toBe('GATEWAY_UNREACHABLE');
    await gateway.run();
    expect((await runtime.handle(heard, live))?.body).toContain('heard in mid-turn');
    expect(await deaf.handle(told, live)).toBeUndefined();
    expect(await runtime.handle(request('afterwards'), live)).toMatchObject({ body: 'echo: afterwards' });
    // What the gateway goes on with by itself begins with a text of its own; each message was put to it once.
    await until(() => model.asked.filter((text) => text.includes('told in mid-turn')).length >= 2);
    for (const body of ['heard in mid-turn', 'told in mid-turn']) {
      const begun = model.asked.filter((text) => text.includes(body) && text.startsWith('Job ID'));
      expect(begun).toHaveLength(1);
    }
  }, 180_000);
});
