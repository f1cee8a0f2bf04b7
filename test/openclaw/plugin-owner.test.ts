import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { meshChannel, targetOf } from '../../plugins/openclaw/src/channel.js';
import { registerCli } from '../../plugins/openclaw/src/cli.js';
import { NodeApi } from '../../plugins/openclaw/src/node-api.js';
import { plain } from '../../plugins/openclaw/src/plain-text.js';
import { settingsOf } from '../../plugins/openclaw/src/settings.js';
import { slashCommand } from '../../plugins/openclaw/src/slash-command.js';
import { Story } from '../support/story.ts';
import { pair, signal, type TestNode } from '../support/test-agents.ts';

let story: Story;
let alice: TestNode;
let node: NodeApi;

beforeEach(async () => {
  story = new Story();
  alice = await story.start('alice', { withApi: true });
  node = new NodeApi({ stateDir: alice.dir });
});
afterEach(async () => {
  node.close();
  process.exitCode = 0;
  await story[Symbol.asyncDispose]();
});

const settings = settingsOf({}, { defaultAgent: 'main', environment: {} });

async function shell(...words: readonly string[]): Promise<string> {
  let printed = '';
  const program = new Command();
  registerCli(program, { node, agent: undefined, print: (text) => void (printed += text) });
  await program.parseAsync(['mesh', ...words], { from: 'user' });
  return printed;
}

const chat = (args: string, senderIsOwner: boolean) =>
  slashCommand({ node, settings, defaultAgent: 'main' })
    .handler({ args, senderIsOwner })
    .then(({ text }) => text);

describe('the owner, in a shell', () => {
  it('makes peers by an invite, and sees them and the node', async () => {
    expect(await shell('peers')).toContain('No peers yet');
    const [invite = ''] = (await shell('invite', '--tier', 'trusted')).split('\n');
    const bob = await story.start('bob', { withApi: true });
    const other = new NodeApi({ stateDir: bob.dir });
    const joining = new Command();
    registerCli(joining, { node: other, agent: undefined, print: () => undefined });
    await joining.parseAsync(['mesh', 'join', invite, '--tier', 'trusted', '--name', 'ally'], { from: 'user' });
    expect(await shell('peers')).toMatch(/^bob {2}trusted {2}reachable/);
    expect((await bob.api.contacts({}, { signal })).contacts).toMatchObject([{ petname: 'ally', state: 'trusted' }]);
    expect(await shell('status')).toContain('1 peer, 1 reachable now');
  });

  it('sees requests with what they claim, and approves or refuses them', async () => {
    const dave = await story.start('dave');
    await dave.api.request({ target: alice.endpoint, purpose: 'trust me', waitMs: 30_000 }, { signal });
    const shown = await shell('requests');
    expect(shown).toContain('it says      trust me');
    const [, id = ''] = /openclaw mesh approve (\S+)/.exec(shown) ?? [];
    expect(await shell('approve', id, '--tier', 'bounded', '--name', 'david')).toContain(
      'david is a peer now, with the tier bounded',
    );
    const eve = await story.start('eve');
    await eve.api.request({ target: alice.endpoint, waitMs: 30_000 }, { signal });
    const [, other = ''] = /openclaw mesh approve (\S+)/.exec(await shell('requests')) ?? [];
    expect(await shell('reject', other)).toContain('Refused');
    expect(await shell('requests')).toBe('No contact requests.\n');
  });

  it('is told what failed and what to do, with an exit code', async () => {
    expect(await shell('approve', 'req_nothing')).toMatch(/\(NOT_FOUND\)\n→ /);
    expect(process.exitCode).toBe(1);
    await alice.down();
    expect(await shell('status')).toContain('→ Start it: mesh up --detach');
  });
});

describe('somebody in a chat', () => {
  it('sees with /mesh how it stands, and who is not the owner decides nothing', async () => {
    expect(await chat('', false)).toContain('0 peers');
    expect(await chat('peers', false)).toContain('No peers yet');
    for (const words of ['approve req_1', 'reject req_1', 'invite', 'join mesh:x']) {
      expect(await chat(words, false)).toMatch(/^Only the owner may use/);
    }
    expect(await chat('invite', true)).toMatch(/^mesh:/);
    expect(await chat('nonsense', true)).toContain('There are: status, peers');
  });
});

describe('the channel', () => {
  it('sends to a peer by its name, and the same delivery once', async () => {
    const bob = await story.start('bob');
    await pair(bob, alice);
    const { outbound } = meshChannel({ node, settings, defaultAgent: 'main' });
    const given = { to: 'bob', text: 'hi', accountId: 'default', deliveryQueueId: 'q1' };
    const first = await outbound.sendText(given);
    expect(await outbound.sendText(given)).toEqual(first);
    expect((await outbound.sendText({ ...given, deliveryPartIndex: 1 })).messageId).not.toBe(first.messageId);
    await expect(outbound.sendText({ to: 'nobody', text: 'hi' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('takes a name or an id for a target, with or without the name of the channel', () => {
    expect([' bob ', 'mesh:bob', 'did:key:z6Mk'].map(targetOf)).toEqual(['bob', 'bob', 'did:key:z6Mk']);
    expect(['', 'mesh:', 'a\nb'].map(targetOf)).toEqual([undefined, undefined, undefined]);
  });
});

it('shows nothing that moves a cursor or turns the direction of writing', () => {
  expect(plain('a\u001b[31mb\u202Ec\nd\u2066')).toBe('a\uFFFD[31mb\uFFFDc\uFFFDd\uFFFD');
  expect(plain('Grüße 你好 👋')).toBe('Grüße 你好 👋');
});
