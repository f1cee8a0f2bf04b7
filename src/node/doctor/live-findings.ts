import { codeOf, type ErrorCode } from '#kernel';
import type { Contact } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import type { NodeParts } from '../parts.ts';
import { buriedWarnings, deadWarnings } from '../operations/dead-warnings.ts';
import { runtimeWarnings } from '../operations/node-status.ts';
import { pauseWarnings } from '../operations/pauses.ts';
import type { Warning } from '../operations/peer-warnings.ts';
import { fileWarnings } from '../operations/file-warnings.ts';
import { successionWarnings } from '../succession-warnings.ts';
import { clockFindings, type PeerClock } from './clock-findings.ts';
import { type EndpointLook, endpointFindings } from './endpoint-findings.ts';
import { type Finding, inOrder } from './finding.ts';
import { hubFindings } from './hub-findings.ts';
import { lanFindings } from './lan-findings.ts';
import { queueFindings } from './queue-findings.ts';

/** What only a running node can tell: its queues, the clocks of its peers, and whether it can be reached where it says it is. */
export async function liveFindings(parts: NodeParts, signal: AbortSignal): Promise<readonly Finding[]> {
  const hosts = [...parts.hosts.values()];
  const speaking = hosts.filter(({ agent }) => agent.successor === undefined);
  const [clocks, looks] = await Promise.all([
    Promise.all(speaking.map((host) => clocksOf(host))),
    Promise.all(speaking.map((host) => lookAtEndpoints(parts, host, signal))),
  ]);
  return inOrder([
    ...hosts.flatMap((host) => succession(host)),
    ...paused(parts),
    ...hosts.flatMap((host) => programs(host)),
    ...speaking.flatMap((host) => queues(host, parts.clock.now())),
    ...hosts.flatMap((host) => letters(host)),
    ...speaking.flatMap((host) => files(parts, host)),
    ...clockFindings(onceEach(clocks.flat())),
    ...looks.flatMap((look) => endpointFindings(look)),
    ...lanFindings(parts.lan.status),
    ...speaking.flatMap(({ agent, hubs }) => hubFindings(agent.name, hubs.memberships)),
  ]);
}

const paused = (parts: NodeParts): readonly Finding[] =>
  pauseWarnings(parts).map(({ message, hint }) => ({
    check: 'pause',
    severity: 'warning',
    message,
    meaning: 'No program gets a turn, and nothing that a program says is sent.',
    fix: hint,
  }));

const programs = (host: AgentHost): readonly Finding[] =>
  runtimeWarnings(host).map(({ message, hint }) => ({
    check: 'runtime',
    severity: 'error',
    message,
    meaning: 'They are offered again every few seconds, as long as their senders let them live.',
    fix: hint,
  }));

function succession(host: AgentHost): readonly Finding[] {
  return successionWarnings(host).map(({ message, hint }) => ({
    check: 'succession',
    severity: 'error',
    message,
    meaning: 'Two machines with one agent would confuse its peers, so only the one that was restored last speaks.',
    fix: hint,
  }));
}

const trustedOf = ({ agent, desk }: AgentHost): readonly Contact[] =>
  desk.ports.store.read.contacts.list({ agent: agent.name, states: ['trusted'] });

function queues(host: AgentHost, now: number): readonly Finding[] {
  const depths = host.desk.ports.store.read.outbox.depths(host.agent.name);
  return trustedOf(host).flatMap(({ petname, agentId }) => {
    const status = host.lanes.find(({ peer }) => peer === agentId)?.courier.status();
    const depth = depths.find(({ peer }) => peer === agentId);
    const { waiting = 0, inFlight = 0 } = depth ?? {};
    const oldest = depth?.oldestAt === undefined ? {} : { oldestAt: depth.oldestAt };
    return queueFindings({ link: 'down', breaker: 'closed', ...status, ...oldest, petname, waiting, inFlight }, now);
  });
}

/** What did not reach its agent, in both directions. */
function letters(host: AgentHost): readonly Finding[] {
  const { outbox } = host.desk.ports.store.read;
  const finding =
    (meaning: string) =>
    ({ message, hint }: Warning): Finding => ({
      check: 'queue',
      severity: 'warning',
      message,
      meaning,
      fix: hint,
    });
  return [
    ...deadWarnings(host, outbox.deadCounts(host.agent.name)).map(
      finding('They did not reach the agent that they are for.'),
    ),
    ...buriedWarnings(host).map(finding('Their senders were told that nothing came of them.')),
  ];
}

function files(parts: NodeParts, host: AgentHost): readonly Finding[] {
  return fileWarnings(parts, host).map(({ message, hint }) => ({
    check: 'files',
    severity: 'warning',
    message,
    meaning: 'Files do not come in, and programs do not get the messages that wait for them.',
    fix: hint,
  }));
}

async function clocksOf(host: AgentHost): Promise<readonly PeerClock[]> {
  const asked = trustedOf(host).map(async ({ petname, agentId }) => {
    const courier = host.lanes.find(({ peer }) => peer === agentId)?.courier;
    await courier?.measure().catch(() => undefined);
    const offsetMs = courier?.status().clockOffsetMs;
    return offsetMs === undefined ? [] : [{ petname, offsetMs }];
  });
  return (await Promise.all(asked)).flat();
}

/** Two agents here may have one peer: its clock has one voice. */
const onceEach = (clocks: readonly PeerClock[]): readonly PeerClock[] => [
  ...new Map(clocks.map((clock) => [clock.petname, clock])).values(),
];

async function lookAtEndpoints(parts: NodeParts, host: AgentHost, signal: AbortSignal): Promise<EndpointLook> {
  const { name } = host.agent;
  const tried = host.agent.card().endpoints.map(async (endpoint) => {
    const code: ErrorCode | undefined = await parts.callOwn(host, endpoint, signal).then(() => undefined, codeOf);
    return { endpoint, ...(code === undefined ? {} : { code }) };
  });
  return { agent: name, endpoints: await Promise.all(tried) };
}
