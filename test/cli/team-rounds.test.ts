import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeGateway, saidIn } from '../support/fake-gateway.ts';
import { TeamHome } from './team-home.ts';

let home: TeamHome;
const gateways: FakeGateway[] = [];
beforeEach(() => {
  home = new TeamHome();
});
afterEach(async () => {
  await home[Symbol.asyncDispose]();
  for (const gateway of gateways.splice(0)) await gateway[Symbol.asyncDispose]();
});

/** The gateway of an agent that replies by a rule. */
async function agent(reply: (said: string, whole: string) => string): Promise<FakeGateway> {
  const gateway = await FakeGateway.start({
    token: `secret-token-${gateways.length}`,
    on: ({ method, params, answer }) => {
      if (method !== 'agent') return false;
      const message = String(params['message']);
      const payloads = [{ text: reply(saidIn(message), message) }];
      answer({ runId: params['idempotencyKey'], status: 'ok', result: { payloads } });
      return true;
    },
  });
  gateways.push(gateway);
  return gateway;
}

const send = (...words: readonly string[]) => ['send', '--to', 'bob', '--message', 'one?', ...words];

describe('mesh team send --rounds', () => {
  it('goes on with what the own agent says, and never gives the other its own words', async () => {
    const bob = await agent((said) => `Bob on ${said}`);
    const alice = await agent((said) => `next after ${said}`);
    home.team({ Alice: alice, Bob: bob });
    const run = await home.run(...send('--rounds', '3'));
    expect(run.code).toBe(0);
    expect(bob.messages.map(saidIn)).toEqual([
      'one?',
      'next after Bob on one?',
      'next after Bob on next after Bob on one?',
    ]);
    // Bob's words reach her own agent as those of somebody else, in a session of theirs.
    expect(alice.messages[0]).toContain('the agent of "Bob" on behalf of your owner');
    expect(alice.messages[0]).toContain('You may speak 2 times more.');
    expect(alice.asked.find(({ method }) => method === 'agent')?.params).toMatchObject({ sessionKey: 'team-bob' });
    expect(alice.messages).toHaveLength(2);
    expect(run.stdout.split('\n').slice(0, 6)).toEqual([
      'Round 1, you:',
      '  one?',
      'Round 1, Bob:',
      '  Bob on one?',
      'Round 2, you:',
      '  next after Bob on one?',
    ]);
    expect(await home.json(...send('--rounds', '2'))).toMatchObject({
      data: {
        state: 'answered',
        reply: 'Bob on next after Bob on one?',
        rounds: [
          { round: 1, message: 'one?', reply: 'Bob on one?' },
          { round: 2, message: 'next after Bob on one?' },
        ],
      },
    });
  });

  it('ends before that when the own agent has nothing left to say', async () => {
    const bob = await agent((said) => `Bob on ${said}`);
    home.team({ Alice: await agent(() => ' DONE.\n'), Bob: bob });
    const run = await home.run(...send('--rounds', '5'));
    expect(run).toMatchObject({ code: 0 });
    expect(run.stdout).toContain('Your agent had nothing left to say after round 1.');
    expect(bob.messages).toHaveLength(1);
  });

  it('says nothing at all when the own agent is not there to go on', async () => {
    const bob = await agent((said) => said);
    home.team({ Alice: { ip: '127.0.0.1', port: 9, token: 'secret-token-of-alice' }, Bob: bob });
    expect((await home.run(...send('--rounds', '2'))).stderr).toContain(
      'error[GATEWAY_UNREACHABLE]: The gateway of Alice',
    );
    home.team({ Alice: { ip: '127.0.0.1', port: 9 }, Bob: bob });
    expect((await home.run(...send('--rounds', '2'))).stderr).toContain('error[TEAM_TOKEN_MISSING]');
    expect(bob.connections).toBe(0);
    // One round needs none.
    expect((await home.run(...send('--rounds', '1'))).code).toBe(0);
  });

  it('does not send what the own agent says when that is too long, and shows what was said before', async () => {
    const bob = await agent(() => 'go on');
    home.team({ Alice: await agent(() => 'x'.repeat(9000)), Bob: bob });
    const run = await home.run(...send('--rounds', '2'));
    expect(run.code).toBe(2);
    expect(run.stdout).toContain('Round 1, Bob:\n  go on\n');
    expect(run.stdout).toContain('The message has 9000 bytes, more than the 8192 that may be sent');
    expect(bob.messages).toHaveLength(1);
  });
});
