// Two real OpenClaw gateways with the plugin and a node each: how long the agent of one waits in its tool call for the agent of the other,
// beside the same turn asked for by a bare call of the gateway and by its own channel `a2a`; and what becomes of questions that overlap.
import { randomUUID } from 'node:crypto';
import { systemClock } from '#kernel';
import { MeshHome } from '../test/support/mesh-process.ts';
import { fieldsOf, GatewayClient, listOf, textOf } from '../test/support/openclaw-runtime.ts';
import type { Gateway } from '../test/openclaw/gateway.ts';
import { hasOpenclaw } from '../test/openclaw/gateway.ts';
import { Owner, pack } from '../test/openclaw/owner.ts';
import { bodyOf, type ToolCall } from '../test/openclaw/stub-model.ts';

const rounds = 20;
const warmUps = 4;
const overlapping = 100;
const a2aToken = 'a2a-token-of-alice';
/** Lost messages are waited for so long. */
const a2aWaitMs = 20_000;

export async function run(): Promise<Record<string, number | string>> {
  if (!hasOpenclaw) throw new Error('Set MESH_OPENCLAW to the openclaw.mjs of an installed OpenClaw');
  await using home = new MeshHome('mesh-bench');
  const archive = pack(home.dir);
  const a2a = {
    enabled: true,
    rateLimitPerMinute: 0,
    replyTimeoutMs: a2aWaitMs,
    peers: { alice: { token: a2aToken } },
  };
  const alice = await Owner.start('alice', { home, archive });
  const bob = await Owner.start('bob', { home, archive, channels: { a2a } });
  const client = await GatewayClient.open(bob.gateway, systemClock);
  try {
    const { invite } = await bob.node.call('invite', { tier: 'trusted' });
    await alice.node.call('join', { invite, tier: 'trusted' });
    bob.model.think = async (text) => `echo: ${textIn(text)}`;
    const times = await inTurn({ alice, bob, client });
    const mesh = await overlap((text) => askByTool(alice.gateway, text));
    const channel = await overlap((text) => askByChannel(bob.gateway, text, 'one-context'));
    return { rounds, ...times, ...named('overlapping', mesh), ...named('a2aOverlapping', channel) };
  } finally {
    client.close();
    await Promise.all([alice.end(), bob.end()]);
  }
}

interface Ends {
  readonly alice: Owner;
  readonly bob: Owner;
  readonly client: GatewayClient;
}

/**
 * One after another, so that all meet the same machine. Each turn is in a session of its own.
 *
 * `meshMs`: from the call of the tool in Alice's gateway to its result with Bob's answer. `bareMs`: the same turn by a bare call of Bob's
 * gateway, `a2aMs` by its channel. `fromModelMs`: from what Alice's model says to what it hears of its tool; `otherToolMs` is that with a tool
 * of the gateway itself, which asks nobody.
 */
async function inTurn({ alice, bob, client }: Ends): Promise<Record<string, number>> {
  const took: Record<string, number[]> = {};
  for (let n = -warmUps; n < rounds; n += 1) {
    const asked = await fromModel(alice, { tool: 'mesh_ask', args: { to: 'bob', text: `model ${n}` } });
    const figures = {
      meshMs: meshMsIn(asked.told),
      fromModelMs: asked.ms,
      otherToolMs: (await fromModel(alice, { tool: 'session_status', args: {} })).ms,
      bareMs: await timed(() => askByCall(client, `bare ${n}`)),
      a2aMs: await timed(() => askByChannel(bob.gateway, `a2a ${n}`, `context-${n + warmUps}`)),
    };
    if (n >= 0) for (const [name, value] of Object.entries(figures)) (took[name] ??= []).push(value);
  }
  const medians = Object.fromEntries(Object.entries(took).map(([name, values]) => [name, median(values)]));
  return { ...medians, addedMs: rounded((medians['meshMs'] ?? 0) - (medians['bareMs'] ?? 0)) };
}

interface ToolRound {
  readonly ms: number;
  /** What the model heard of its tool. */
  readonly told: string;
}

async function fromModel(alice: Owner, call: ToolCall): Promise<ToolRound> {
  let calledAt = 0;
  let toldAt = 0;
  let told = '';
  alice.model.think = async (heard, { role }) => {
    if (role === 'tool') {
      toldAt = performance.now();
      told = heard;
      return 'done';
    }
    calledAt = performance.now();
    return call;
  };
  await alice.say(`${call.tool} ${randomUUID()}`);
  return { ms: toldAt - calledAt, told };
}

/** What `mesh_ask` gives. */
interface Told {
  readonly answer?: { readonly untrusted_text?: string };
  readonly elapsed_ms?: number;
}

function meshMsIn(told: string): number {
  const { elapsed_ms: ms, answer } = JSON.parse(told) as Told;
  if (ms === undefined || answer?.untrusted_text?.startsWith('echo: model') !== true) throw new Error(told);
  return ms;
}

async function askByCall(client: GatewayClient, text: string): Promise<string> {
  const asked = { message: text, sessionKey: `agent:main:bench:${randomUUID()}`, idempotencyKey: text, deliver: false };
  const { result } = await client.request('agent', asked, { final: true });
  return listOf(fieldsOf(result)['payloads'])
    .map(({ text }) => textOf(text))
    .join('');
}

/** The same tool as the model would call it, without a turn of Alice's agent around it. */
async function askByTool(gateway: Gateway, text: string): Promise<string> {
  const body = { tool: 'mesh_ask', args: { to: 'bob', text, timeout_seconds: 300 } };
  const { result } = await post(`${gateway.http}/tools/invoke`, { token: gateway.token, body });
  const [content] = listOf(fieldsOf(result)['content']);
  const told = JSON.parse(textOf(content?.['text']) ?? '{}') as Told;
  return told.answer?.untrusted_text ?? '';
}

async function askByChannel(gateway: Gateway, text: string, contextId: string): Promise<string> {
  const message = { messageId: randomUUID(), contextId, role: 'ROLE_USER', parts: [{ text }] };
  const body = { jsonrpc: '2.0', id: text, method: 'SendMessage', params: { message } };
  const { result } = await post(`${gateway.http}/a2a/v1`, { token: a2aToken, body });
  const [artifact] = listOf(fieldsOf(fieldsOf(result)['task'])['artifacts']);
  const [part] = listOf(artifact?.['parts']);
  return textOf(part?.['text']) ?? '';
}

interface Posted {
  readonly token: string;
  readonly body: object;
}

async function post(url: string, { token, body }: Posted): Promise<Readonly<Record<string, unknown>>> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return fieldsOf(await response.json());
}

interface Overlapped {
  readonly asked: number;
  readonly right: number;
  /** Without an answer. */
  readonly lost: number;
  /** With the answer to another question. */
  readonly mixedUp: number;
  readonly seconds: number;
}

async function overlap(ask: (text: string) => Promise<string>): Promise<Overlapped> {
  const startedAt = performance.now();
  const texts = Array.from({ length: overlapping }, (_, n) => `overlapping ${n}.`);
  const answers = await Promise.all(texts.map((text) => ask(text).catch(() => '')));
  const right = answers.filter((answer, n) => answer === `echo: ${texts[n]}`).length;
  const lost = answers.filter((answer) => answer === '').length;
  const seconds = rounded((performance.now() - startedAt) / 1000);
  return { asked: overlapping, right, lost, mixedUp: overlapping - right - lost, seconds };
}

const named = (name: string, { asked, right, lost, mixedUp, seconds }: Overlapped): Record<string, number> => ({
  [name]: asked,
  [`${name}Right`]: right,
  [`${name}Lost`]: lost,
  [`${name}MixedUp`]: mixedUp,
  [`${name}Seconds`]: seconds,
});

async function timed(work: () => Promise<string>): Promise<number> {
  const startedAt = performance.now();
  if ((await work()) === '') throw new Error('There is no answer');
  return performance.now() - startedAt;
}

/** What was asked, without what a gateway puts around it. */
const textIn = (text: string): string =>
  /(?:mesh|bare|a2a|model|overlapping) -?\d+\.?/.exec(bodyOf(text))?.[0] ?? bodyOf(text);

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return rounded(((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2);
}

const rounded = (value: number): number => Math.round(value * 10) / 10;
