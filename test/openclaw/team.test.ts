import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '#kernel';
import { GatewayClient } from '#runtime';
import { TeamHome } from '../cli/team-home.ts';
import { until } from '../support/story.ts';
import { asking, live, teammateAt, teamOf } from '../support/team-story.ts';
import { Gateway, hasOpenclaw } from './gateway.ts';
import { ReverseProxy } from './reverse-proxy.ts';
import { bodyOf, slowly, StubModel, type Think } from './stub-model.ts';

const echo: Think = async (text) => `echo: ${bodyOf(text)}`;

describe.runIf(hasOpenclaw)('a team over real gateways', () => {
  let model: StubModel;
  let bob: Gateway;
  let carol: Gateway;
  let home: TeamHome;

  beforeAll(async () => {
    model = await StubModel.start();
    bob = await Gateway.start('bob', model);
    carol = await Gateway.start('carol', model);
    home = new TeamHome();
    home.team({ Bob: at(bob), Carol: at(carol) });
    // The first turn of a gateway is slow.
    expect((await home.run('broadcast', '--message', 'warm up', '--timeout', '120')).code).toBe(0);
  }, 240_000);
  beforeEach(() => {
    model.think = echo;
    home.environment = { MESH_MY_EMAIL: 'alice@example.com' };
    home.team({ Bob: at(bob), Carol: at(carol) });
  });
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    for (const gateway of [bob, carol]) await gateway[Symbol.asyncDispose]();
    await model[Symbol.asyncDispose]();
  });

  const at = ({ port, token }: Gateway) => ({ ip: '127.0.0.1', port, token });

  it('lists and pings them, and starts no turn by it', async () => {
    const before = model.asked.length;
    expect(await home.json('list')).toMatchObject({
      data: { teammates: [{ self: true }, { name: 'Bob', online: true }, { name: 'Carol', online: true }] },
    });
    expect(await home.json('ping', '--to', 'bob')).toMatchObject({ code: 0, data: { online: true, way: 'gateway' } });
    expect(model.asked).toHaveLength(before);
  });

  it('sends into the main session, told as a teammate, and prints the reply', async () => {
    expect(await home.run('send', '--to', 'bob', '--message', '/status please')).toMatchObject({
      code: 0,
      stdout: 'echo: /status please\n',
    });
    const [asked] = model.asked.filter((text) => text.includes('/status please'));
    expect(asked).toContain('[Agent Mesh team: message from the agent of "alice@example.com"');
  });

  it('gets its own reply while the owner and others talk in the same session', async () => {
    model.think = slowly(150, echo);
    const owner = await GatewayClient.open({ url: bob.url, token: bob.token }, systemClock);
    const line = await teamOf([teammateAt('Bob', bob)], { tokens: { bob: bob.token } }).open(
      teammateAt('Bob', bob),
      live,
    );
    try {
      const talk = ['one', 'two', 'three'].map((message) =>
        owner.request(
          'agent',
          { sessionKey: 'main', message, idempotencyKey: `owner-${message}`, deliver: false },
          { final: true },
        ),
      );
      const texts = Array.from({ length: 6 }, (_, n) => `question ${n}`);
      expect(await Promise.all(texts.map((text) => asking(line, text)))).toEqual(texts.map((text) => `echo: ${text}`));
      for (const result of await Promise.all(talk)) expect(result).toMatchObject({ status: 'ok' });
    } finally {
      line[Symbol.dispose]();
      owner.close();
    }
  }, 120_000);

  it('answers six sends of six processes at once, each with its own reply', async () => {
    model.think = slowly(100, echo);
    const texts = Array.from({ length: 6 }, (_, n) => `process ${n}`);
    const runs = await Promise.all(texts.map((text) => home.run('send', '--to', 'bob', '--message', text)));
    expect(runs.map(({ stdout }) => stdout)).toEqual(texts.map((text) => `echo: ${text}\n`));
  }, 120_000);

  it('broadcasts to all, waits for all, and prints all of a long reply', async () => {
    model.think = async (text) => (bodyOf(text) === 'long' ? `<${'x'.repeat(50_000)}>` : 'short');
    const { code, data } = await home.json('broadcast', '--message', 'long');
    const reply = `<${'x'.repeat(50_000)}>`;
    expect(code).toBe(0);
    expect(data).toMatchObject({
      counts: { total: 2, answered: 2 },
      deliveries: [
        { name: 'Bob', reply },
        { name: 'Carol', reply },
      ],
    });
  });

  it('holds a conversation of some rounds with the own agent', async () => {
    home.team({ Alice: at(carol), Bob: at(bob) });
    model.think = async (text) => (text.includes('on behalf of your owner') ? 'and then?' : `re: ${bodyOf(text)}`);
    expect(await home.json('send', '--to', 'bob', '--message', 'first', '--rounds', '2')).toMatchObject({
      code: 0,
      data: { rounds: [{ reply: 're: first' }, { message: 'and then?', reply: 're: and then?' }] },
    });
  });

  it('says of a slow turn that it may go on, and fetches its reply later', async () => {
    model.think = slowly(3000, echo);
    const late = await home.json('send', '--to', 'bob', '--message', 'slow one', '--timeout', '1', '--session', 'slow');
    expect(late).toMatchObject({ code: 4, data: { error: { code: 'ANSWER_TIMEOUT', data: { session: 'slow' } } } });
    const { error } = late.data as { error: { data: { run: string }; hint: string } };
    expect(error.hint).toMatch(/mesh team --state-dir \S+ reply --to bob --run msg_\S+ --session slow$/);
    const found = await home.run('reply', '--to', 'bob', '--run', error.data.run, '--session', 'slow');
    expect(found).toMatchObject({ code: 0, stdout: 'echo: slow one\n' });
    expect(model.times('slow one')).toBe(1);
    expect((await home.run('reply', '--to', 'bob', '--run', error.data.run)).code).toBe(1);
  });

  it('is told of a model that fails', async () => {
    model.think = async () => ({ status: 400 });
    const run = await home.run('send', '--to', 'carol', '--message', 'hello', '--session', 'broken');
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("error[HANDLER_FAILED]: The turn of Carol's agent ended with error");
  }, 120_000);

  it('is refused with a wrong token, which nothing repeats', async () => {
    home.team({ Bob: { ...at(bob), token: 'secret-token-that-is-wrong' } });
    const run = await home.run('send', '--to', 'bob', '--message', 'hello');
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('refused: AUTH_TOKEN_MISMATCH');
    expect(run.stderr).toContain('hint: The token of "bob" in tokens.json is not that of this gateway. Ask Bob');
    expect(run.stdout + run.stderr).not.toContain('secret-token');
  });

  it('shows a device key to a gateway that is not on this machine, whose owner lets it in once', async () => {
    await using proxy = await ReverseProxy.start(carol.port);
    home.team({ Carol: { url: proxy.url, token: carol.token } });
    const refused = await home.run('send', '--to', 'carol', '--message', 'from afar');
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('refused: PAIRING_REQUIRED');
    const command = /openclaw (devices approve \S+)/.exec(refused.stderr)?.[1];
    await carol.openclaw(...(command ?? '').split(' '), '--url', carol.url, '--token', carol.token);
    expect(await home.run('send', '--to', 'carol', '--message', 'from afar')).toMatchObject({
      code: 0,
      stdout: 'echo: from afar\n',
    });
  }, 120_000);

  it('gets the reply of a turn in which the gateway was killed and started again', async () => {
    model.think = slowly(3000, echo);
    const running = home.start(
      'send',
      '--to',
      'carol',
      '--message',
      'in mid-turn',
      '--timeout',
      '100',
      '--session',
      'mid',
    );
    await until(() => model.times('in mid-turn') === 1);
    await carol.end('SIGKILL');
    model.think = echo;
    await carol.run();
    const run = await running.ended;
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('in mid-turn');
  }, 180_000);

  it('finds a gateway that was stopped offline, and has the IM program tell its owner', async () => {
    await carol.end('SIGTERM');
    const program = home.write('im.sh', '#!/bin/sh\ncat > told\n', 0o700);
    home.environment = { ...home.environment, MESH_IM_FALLBACK: program };
    expect(await home.json('broadcast', '--message', 'are you there?')).toMatchObject({
      code: 1,
      data: {
        deliveries: [
          { name: 'Bob', state: 'answered' },
          { name: 'Carol', state: 'unreachable', told: { to: 'carol@example.com', sent: true } },
        ],
      },
    });
    expect(JSON.parse(home.read('told'))).toMatchObject({ to: 'carol@example.com', message: 'are you there?' });
    expect(await home.json('list')).toMatchObject({ data: { teammates: [{}, { online: true }, { online: false }] } });
  }, 120_000);
});
