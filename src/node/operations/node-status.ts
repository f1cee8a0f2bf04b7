import { existsSync, statfsSync } from 'node:fs';
import type { Operations } from '#api';
import { conversationWindowMs, heldBack } from '#pipeline';
import { type Contact, turnBoundOf } from '#trust';
import type { AgentHost } from '../agent-host.ts';
import { lanView, lanWarnings } from '../lan-view.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { buriedWarnings, deadWarnings } from './dead-warnings.ts';
import { defined } from './defined.ts';
import { fileWarnings } from './file-warnings.ts';
import { pauseWarnings } from './pauses.ts';
import { peerWarnings, type Warning } from './peer-warnings.ts';
import { agentView, contactViews } from './views.ts';
import { reviewWarnings } from './reviews.ts';
import { successionWarnings } from '../succession-warnings.ts';

const dayMs = 86_400_000;
const lowDiskBytes = 64 * 1024 * 1024;

/** The state of the whole node, with what a person should do about what is not well. */
export function statusOperations(parts: NodeParts): Pick<Operations, 'status' | 'shutdown'> {
  return {
    async status(input) {
      const host = hostNamed(parts, input.agent);
      const { running } = parts;
      const lan = parts.lan.status;
      const peers = await contactViews(host, peersOf(host));
      const counts = parts.store.read.inbox.counts(host.agent.name);
      const deadOut = parts.store.read.outbox.deadCounts(host.agent.name);
      return {
        version: parts.version,
        running: running !== undefined,
        ...defined({
          startedAt: running?.startedAt,
          pid: running === undefined ? undefined : process.pid,
          listen: running?.listen(),
          api: running?.api(),
        }),
        stateDir: parts.state.path,
        ...(await relayTotals(parts)),
        ...(lan === undefined || running === undefined ? {} : { lan: lanView(lan) }),
        agents: [...parts.hosts.values()].map(agentView),
        peers,
        queue: {
          waiting: sum(peers.map(({ waiting }) => waiting)),
          inFlight: sum(peers.map(({ inFlight }) => inFlight)),
          unread: counts.unread,
          deadOut: sum(deadOut.map(({ count }) => count)),
          deadIn: counts.dead,
        },
        requests: parts.store.read.contacts.list({ agent: host.agent.name, states: ['requested-in'] }).length,
        sessions: peers.filter(({ session }) => session !== undefined).length,
        ...(parts.pauses.all.length === 0 ? {} : { pauses: [...parts.pauses.all] }),
        warnings: [
          ...pauseWarnings(parts),
          ...reviewWarnings(host),
          ...[...parts.hosts.values()].flatMap(successionWarnings),
          ...[...parts.hosts.values()].flatMap(runtimeWarnings),
          ...peers.flatMap((peer) => peerWarnings(peer, parts.clock.now())),
          ...deadWarnings(host, deadOut),
          ...nodeWarnings(parts, host),
          ...fileWarnings(parts, host),
          ...lanWarnings(parts.lan),
        ],
      };
    },

    async shutdown() {
      parts.requestStop();
      return { stopping: true as const };
    },
  };
}

async function relayTotals({ relay, running }: NodeParts) {
  if (relay === undefined || running === undefined) return {};
  const { agents, frames, bytes } = await relay.totals();
  return { relay: { agents, frames, bytes } };
}

function peersOf(host: AgentHost): readonly Contact[] {
  const states = ['trusted', 'changed', 'requested-out', 'blocked'] as const;
  return host.desk.ports.store.read.contacts.list({ agent: host.agent.name, states });
}

function nodeWarnings(parts: NodeParts, host: AgentHost): readonly Warning[] {
  const warnings: Warning[] = [];
  const { deviceExpiresAt } = host.agent;
  if (parts.running === undefined && existsSync(parts.state.running)) {
    const message = 'The node ended without being stopped: it was killed, or it failed';
    warnings.push({
      code: 'NODE_NOT_RUNNING',
      message,
      hint: `Nothing is lost. See ${parts.state.log}, and start it again: mesh up --detach`,
    });
  }
  warnings.push(...buriedWarnings(host));
  const { agent, desk, runtime } = host;
  for (const { contact, code } of heldBack({ agent, ports: desk.ports, types: runtime.types })) {
    if (code !== 'TURN_LIMIT') continue;
    warnings.push(turnWarning(parts, contact));
  }
  warnings.push(...conversationWarnings(host));
  if (deviceExpiresAt - parts.clock.now() < 14 * dayMs) {
    warnings.push({
      code: 'CERTIFICATE_INVALID',
      message: `The device key of ${host.agent.name} expires soon`,
      hint: 'Restart the node, which renews it: mesh down, mesh up --detach',
    });
  }
  if (parts.running !== undefined && host.agent.card().endpoints.length === 0) {
    const message = 'This node has no address that others could reach';
    warnings.push({
      code: 'UNREACHABLE',
      message,
      hint: 'Say it when you start the node: mesh down, mesh up --detach --endpoint URL',
    });
  }
  if (freeBytes(parts.state.path) < lowDiskBytes) {
    warnings.push({
      code: 'STORE_FULL',
      message: 'The disk is almost full',
      hint: 'Free some space, or nothing more is accepted.',
    });
  }
  return warnings;
}

/** The program of an agent is not there, and what is for it waits. */
export function runtimeWarnings({ agent, runtime: { trouble } }: AgentHost): readonly Warning[] {
  if (trouble === undefined) return [];
  const { code, message, hint } = trouble;
  return [{ code, message: `Messages for ${agent.name} wait: ${message}`, hint }];
}

function turnWarning({ limits }: NodeParts, { petname, tier }: Contact): Warning {
  const { turns, windowMs } = turnBoundOf(tier, limits);
  const message = `Messages of ${petname} wait: its ${turns} turns of ${windowMs === dayMs ? '24 hours' : 'an hour'} are used up`;
  const next = tier === 'bounded' ? 'trusted' : 'owner';
  return {
    code: 'TURN_LIMIT',
    message,
    hint: `They go on by themselves. To take them now: mesh tier ${petname} ${next}`,
  };
}

function conversationWarnings(host: AgentHost): readonly Warning[] {
  const { clock, limits, store } = host.desk.ports;
  const { conversationTurnsPerHour: most } = limits;
  if (most === Infinity) return [];
  const asked = { agent: host.agent.name, now: clock.now(), windowMs: conversationWindowMs, most };
  return store.read.contacts.fullConversations(asked).map(({ peer, conversation }) => ({
    code: 'TURN_LIMIT',
    message: `A conversation with ${host.contact(peer)?.petname ?? peer} has had its ${most} turns of an hour (${conversation})`,
    hint: 'What comes in it waits and goes on by itself. If it is a loop, stop it: mesh pause',
  }));
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
