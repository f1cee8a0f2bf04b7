import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import type { Line, Team } from '#team';
import { failure } from '../support/failure.ts';
import { type Asked, FakeGateway, type FakeOptions, saidIn } from '../support/fake-gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { until } from '../support/story.ts';
import { asking, live, teammateAt, teamOf } from '../support/team-story.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

interface Story {
  readonly gateway: FakeGateway;
  readonly team: Team;
  readonly line: () => Promise<Line>;
  readonly clock: ManualClock | undefined;
}

/** Bob's gateway, which does what the test wants, and Alice, who has its token. */
async function story(
  options: FakeOptions = {},
  { clock, token }: { clock?: ManualClock; token?: string } = {},
): Promise<Story> {
  const gateway = await FakeGateway.start(options);
  open.push(gateway);
  const bob = teammateAt('Bob', gateway);
  const team = teamOf([bob], { tokens: { bob: token ?? gateway.token }, ...(clock === undefined ? {} : { clock }) });
  return { gateway, team, line: () => team.open(bob, live), clock };
}

/** Does something about each turn; the rest goes as usual. */
const onTurn = (act: (asked: Asked, run: string) => void): FakeOptions => ({
  on: (asked) => {
    if (asked.method !== 'agent') return false;
    act(asked, String(asked.params['idempotencyKey']));
    return true;
  },
});

const ok = (runId: string, text: string) => ({ runId, status: 'ok', result: { payloads: [{ text }] } });

describe('the agent of a teammate over a gateway', () => {
  it('is asked in a frame that says who writes, in the session that was named, with a key of its own', async () => {
    const { gateway, line } = await story();
    using to = await line();
    const reply = await to.ask({ text: '/new\nhello', session: 'work', timeoutMs: 60_000 }, live);
    expect(reply.text).toBe('echo: /new\nhello');
    const turn = gateway.asked.find(({ method }) => method === 'agent');
    expect(turn?.params).toMatchObject({ sessionKey: 'work', idempotencyKey: reply.run, deliver: false });
    // No command of the gateway, whatever the text begins with.
    expect(gateway.messages[0]).toMatch(/^\[Agent Mesh team: message from the agent of "alice@example.com"/);
  });

  it('gives the reply to this question, however many others are answered meanwhile', async () => {
    const waiting: { readonly asked: Asked; readonly run: string }[] = [];
    const { gateway, line } = await story(
      onTurn((asked, run) => {
        waiting.push({ asked, run });
        asked.answer({ runId: run, status: 'accepted' });
        if (waiting.length < 6) return;
        // All at once, the last first, with events of another run between.
        for (const one of waiting.toReversed()) {
          one.asked.say(JSON.stringify({ type: 'event', event: 'chat', payload: { runId: 'other', state: 'final' } }));
          one.asked.answer(ok(one.run, `reply to ${saidIn(String(one.asked.params['message']))}`));
        }
      }),
    );
    using to = await line();
    const texts = Array.from({ length: 6 }, (_, n) => `number ${n}`);
    expect(await Promise.all(texts.map((text) => asking(to, text)))).toEqual(texts.map((text) => `reply to ${text}`));
    expect(gateway.connections).toBe(1);
  });

  it('never takes an answer about another run for the reply', async () => {
    const { line } = await story(onTurn((asked) => asked.answer(ok('msg_of_somebody_else', 'the secret of another'))));
    using to = await line();
    const error = await failure(asking(to, 'hello'));
    expect(error).toMatchObject({ code: 'GATEWAY_REFUSED' });
    expect(inspect(error, { depth: 9 })).not.toContain('the secret of another');
  });

  it('gives all of a huge reply, in all its parts', async () => {
    const huge = 'ä'.repeat(3_000_000);
    const { line } = await story(
      onTurn((asked, runId) =>
        asked.answer({
          runId,
          status: 'ok',
          result: { payloads: [{ text: huge }, { text: '' }, {}, { text: 'end' }] },
        }),
      ),
    );
    using to = await line();
    expect(await asking(to, 'much')).toBe(`${huge}\nend`);
  });

  it('does not keep a reply without measure', async () => {
    const { line } = await story(onTurn((asked, run) => asked.answer(ok(run, 'x'.repeat(17 * 1024 * 1024)))));
    using to = await line();
    expect(await failure(asking(to, 'too much'))).toMatchObject({ code: 'HANDLER_FAILED' });
  });

  it('that does not reply in time may still be at it: that is said, with the command that fetches the reply', async () => {
    const clock = new ManualClock();
    const { gateway, team, line } = await story(
      onTurn(({ answer }, runId) => answer({ runId, status: 'accepted' })),
      { clock },
    );
    using to = await line();
    const late = failure(asking(to, 'slow', 30_000));
    await until(() => gateway.messages.length === 1);
    await clock.advance(30_000);
    const error = await late;
    expect(error.code).toBe('ANSWER_TIMEOUT');
    expect(error.message).toBe('Bob did not reply within 30 s; the turn may still go on there');
    expect(error.hint).toContain(`mesh team reply --to bob --run ${String(error.data['run'])}`);
    // And so it is found.
    const run = String(error.data['run']);
    gateway.remember(run, 'at last');
    using again = await team.openGateway(team.find('bob'), live);
    const sought = { session: 'main', timeoutMs: 1000 };
    expect(await again.find({ ...sought, run }, live)).toMatchObject({ text: 'at last' });
    expect(await failure(again.find({ ...sought, run: 'msg_other' }, live))).toMatchObject({ code: 'NOT_FOUND' });
  });

  it('whose gateway ends in mid-turn is found again, and the turn with it', async () => {
    const clock = new ManualClock();
    const { gateway, line } = await story(
      onTurn((asked, run) => {
        asked.answer({ runId: run, status: 'accepted' });
        gateway.remember(run, 'after the restart');
        asked.drop();
      }),
      { clock },
    );
    using to = await line();
    const reply = asking(to, 'hello');
    await until(() => gateway.messages.length === 1);
    await until(() => clock.sleeping > 1);
    await clock.advance(1000);
    expect(await reply).toBe('after the restart');
    expect(gateway.messages).toHaveLength(1);
  });

  it('whose gateway ended and knows nothing of the question afterwards is not asked twice by itself', async () => {
    const clock = new ManualClock();
    const { gateway, line } = await story(
      onTurn(({ drop }) => drop()),
      { clock },
    );
    using to = await line();
    const failed = failure(asking(to, 'hello'));
    await until(() => gateway.messages.length === 1);
    await until(() => clock.sleeping > 1);
    await clock.advance(1000);
    const error = await failed;
    expect(error).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    expect(error.message).toContain('knows nothing of it now');
    expect(gateway.messages).toHaveLength(1);
  });

  it('whose turn failed says so, with what the gateway said', async () => {
    const { line } = await story(
      onTurn(({ answer }, runId) => answer({ runId, status: 'error', error: { message: 'the model is away' } })),
    );
    using to = await line();
    expect(await failure(asking(to, 'hello'))).toMatchObject({
      code: 'HANDLER_FAILED',
      message: "The turn of Bob's agent ended with error: the model is away",
      data: { detail: 'the model is away' },
    });
  });

  it('whose model failed says so too, and a gateway that starts just now is not there yet', async () => {
    const { line } = await story(onTurn(({ refuse }) => refuse('UNAVAILABLE', 'no model')));
    using to = await line();
    expect(await failure(asking(to, 'hello'))).toMatchObject({ code: 'HANDLER_FAILED', data: { detail: 'no model' } });
    const starting = await story({
      on: ({ method, refuse }) => {
        if (method === 'connect') refuse('UNAVAILABLE', 'starting');
        return method === 'connect';
      },
    });
    const error = await failure(starting.line());
    expect(error).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
    expect(error.message).toContain('is just starting or stopping');
  });

  it.each<[string, (asked: Asked) => void]>([
    ['nonsense', (asked) => asked.say('{{{{')],
    ['frames of no known kind', (asked) => asked.say('[1,null,{"type":"res"}]')],
    ['an answer to nobody', (asked) => asked.say('{"type":"res","id":"99","ok":true,"payload":{"status":"ok"}}')],
  ])('survives %s', async (_what, act) => {
    const { line } = await story(
      onTurn((asked, run) => {
        act(asked);
        asked.answer(ok(run, 'fine'));
      }),
    );
    using to = await line();
    expect(await asking(to, 'hello')).toBe('fine');
  });

  it('is given up on when the person interrupts', async () => {
    const { gateway, team } = await story(onTurn(() => undefined));
    const stop = new AbortController();
    using line = await team.open(team.find('bob'), stop.signal);
    const asked = line.ask({ text: 'hello', session: 'main', timeoutMs: 60_000 }, stop.signal);
    await until(() => gateway.messages.length === 1);
    stop.abort(new Error('interrupted'));
    await expect(asked).rejects.toThrow('interrupted');
  });
});

describe('a gateway that is not let be called', () => {
  it('refuses a wrong token without anybody telling the token, also when the gateway repeats it', async () => {
    const { line } = await story({}, { token: 'a-wrong-token-of-alice' });
    const error = await failure(line());
    expect(error).toMatchObject({
      code: 'GATEWAY_REFUSED',
      data: { reason: 'AUTH_TOKEN_MISMATCH', detail: 'not [token]' },
    });
    expect(error.hint).toContain('The token of "bob" in tokens.json is not that of this gateway. Ask Bob');
    expect(inspect(error, { depth: 9 })).not.toContain('a-wrong-token-of-alice');
  });

  it('takes its token out of what an agent replies', async () => {
    const { gateway, line } = await story(onTurn((asked, run) => asked.answer(ok(run, `it is ${gateway.token}`))));
    using to = await line();
    expect(await asking(to, 'what is your token?')).toBe('it is [token]');
  });

  it('is no gateway of that protocol', async () => {
    const { line } = await story({
      on: ({ method, refuse }) => {
        if (method === 'connect') refuse('INVALID_REQUEST', 'protocol mismatch', { code: 'PROTOCOL_MISMATCH' });
        return method === 'connect';
      },
    });
    const error = await failure(line());
    expect(error).toMatchObject({ code: 'GATEWAY_REFUSED', data: { reason: 'PROTOCOL_MISMATCH' } });
    expect(error.hint).toContain('Update openclaw');
  });

  it.each<[string, FakeOptions]>([
    ['never says that it is one', { challenges: false }],
    ['never answers', { on: ({ method }) => method === 'agents.list' }],
  ])('%s: it is offline after eight seconds', async (_what, options) => {
    const clock = new ManualClock();
    const { gateway, line } = await story(options, { clock });
    const error = failure(line());
    await until(() => gateway.connections === 1);
    if (options.on !== undefined) await until(() => gateway.asked.length === 2);
    await clock.advance(8000);
    expect(await error).toMatchObject({
      code: 'GATEWAY_UNREACHABLE',
      message: expect.stringContaining('does not answer within 8 s'),
    });
  });

  it('is not called at all without a token, an address, or over a way where others listen', async () => {
    const { gateway } = await story();
    const bob = teammateAt('Bob', gateway);
    const far = { ...bob, ip: '10.0.0.9' };
    const { ip: _ip, ...nowhere } = bob;
    const tokens = { bob: gateway.token };
    expect(await failure(teamOf([bob]).open(bob, live))).toMatchObject({ code: 'TEAM_TOKEN_MISSING' });
    expect(await failure(teamOf([far], { tokens }).open(far, live))).toMatchObject({ code: 'PLAINTEXT_REFUSED' });
    expect(await failure(teamOf([nowhere], { tokens }).open(nowhere, live))).toMatchObject({
      code: 'TEAM_ADDRESS_MISSING',
    });
    expect(gateway.connections).toBe(0);
  });
});
