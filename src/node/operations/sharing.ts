import { isId, MeshError } from '#kernel';
import { type Cause, causeOf, isRepeated, type Lane, leftOf, type Share, takeShare } from '#pipeline';
import type { AgentHost } from '../agent-host.ts';
import type { NodeParts } from '../parts.ts';
import { inboxRow } from './find.ts';
import type { SendLike } from './send-input.ts';

export type Causing = Pick<
  SendLike,
  'causedBy' | 'replyTo' | 'root' | 'turns' | 'hops' | 'tokens' | 'costUsd' | 'idempotencyKey'
> & {
  readonly dryRun?: boolean | undefined;
};

type Hosts = NodeParts['hosts'];

interface From {
  readonly host: AgentHost;
  readonly lane: Lane;
}

/**
 * Because of which message something is sent (spec 14.6): none when a person says so; the one that is named; the one that it follows; else,
 * of those that the agent's program is busy with, the one with the least left.
 */
export function causeFor(hosts: Hosts, host: AgentHost, { root, causedBy, replyTo }: Causing): Cause | undefined {
  if (root === true) {
    if (causedBy === undefined) return undefined;
    throw new MeshError('INVALID_ARGUMENT', 'What a message causes is no message of a person: root and causedBy', {
      hint: 'Say one of both.',
    });
  }
  const named = causedBy ?? replyTo;
  if (named !== undefined)
    return causeOf(inboxRow(causedBy === undefined ? host : holderOf(hosts, host, named), named));
  const { atWork } = host.runner;
  // A program of this process is known to handle a message or not; of others it is known only what they are busy with.
  if (host.runtime.kind === 'in-process') return atWork.ofCaller;
  const { ports } = host.desk;
  const [least] = atWork.causes
    .map((cause) => ({ cause, left: leftOf(ports, cause).turns }))
    .toSorted((a, b) => a.left - b.left);
  return least?.cause;
}

/** A program may write as another agent of its node: then the message lies with the one that got it. */
function holderOf(hosts: Hosts, host: AgentHost, id: string): AgentHost {
  const others = [...hosts.values()].filter((other) => other !== host);
  const has = ({ agent, desk }: AgentHost): boolean =>
    isId('msg', id) && desk.ports.store.read.inbox.message(agent.name, id) !== undefined;
  return [host, ...others].find(has) ?? host;
}

/** What the message takes along; without a part of anything when it was sent before under its key. */
export function shareFor(parts: NodeParts, { host, lane }: From, input: Causing): Share {
  const { turns, hops, tokens, costUsd, idempotencyKey, root } = input;
  // What comes from a person is not what programs do by themselves.
  if (root !== true) host.desk.ports.pauses.check(host.agent.name);
  if (idempotencyKey !== undefined && isRepeated(lane, idempotencyKey)) return {};
  const cause = causeFor(parts.hosts, host, input);
  if (cause === undefined && root !== true && input.dryRun !== true) checkRate(parts, { host, lane });
  const isBack = cause?.sender === lane.peer;
  return takeShare(host.desk.ports, { agent: host.agent.name, cause, asked: { turns, hops, tokens, costUsd, isBack } });
}

/** What programs begin with, by a clock or by themselves, is bounded (spec 14.9). Throws RATE_LIMITED. */
function checkRate({ limits, programRoots }: NodeParts, { host, lane }: From): void {
  const { programRootsPerHour: most } = limits;
  if (most === Infinity) return;
  const retryAfterMs = programRoots.take(`${host.agent.name}/${lane.peer}`);
  if (retryAfterMs === 0) return;
  const name = host.contact(lane.peer)?.petname ?? lane.peer;
  throw new MeshError(
    'RATE_LIMITED',
    `Programs began with ${most} messages to ${name} within an hour, and may with no more`,
    {
      hint: `Wait ${Math.ceil(retryAfterMs / 1000)} s. An owner writes at a terminal, or raises programRootsPerHour in mesh.toml.`,
      data: { retryAfterMs },
    },
  );
}

/** A share as long as it takes to write it. */
export async function withShare<T>(host: AgentHost, share: Share, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } finally {
    if (share.spending !== undefined) host.desk.ports.spendings.end(share.spending);
  }
}
