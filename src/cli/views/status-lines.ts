import type { Paint } from '../paint.ts';
import { fields } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { relative, span } from '../times.ts';
import { agentTable } from './agent-lines.ts';
import { contactTable, peerSummary } from './contact-lines.ts';
import type { Status } from './types.ts';
import { lanLine, warningLines } from './warning-lines.ts';
import { count, size } from './words.ts';

/** The node on one page: where it listens, who lives here, how the peers are, what waits, what is wrong. */
export function statusLines(status: Status, paint: Paint): readonly string[] {
  const { agents, peers, warnings } = status;
  return [
    ...fields(
      [
        ['node', nodeLine(status, paint)],
        ['listens', addressOf(status.listen)],
        ['local API', addressOf(status.api)],
        ['LAN', status.lan === undefined ? undefined : lanLine(status.lan)],
        ['relay', status.relay && relayLine(status.relay)],
        ['state', visible(status.stateDir)],
        ['queue', queueLine(status)],
        ['peers', peers.length === 0 ? 'none yet' : peerSummary(peers)],
        ['breakers', breakerLine(status, paint)],
        ['sessions', sessionLine(status)],
        ['paused', status.pauses === undefined ? undefined : pausedLine(status.pauses, paint)],
        ['requests', status.requests === 0 ? undefined : `${status.requests} for you to decide`],
      ],
      paint,
    ),
    '',
    ...agentTable(agents, paint),
    ...(peers.length === 0 ? [] : ['', ...contactTable(peers, paint)]),
    ...(warnings.length === 0 ? [] : ['', ...warnings.flatMap((warning) => warningLines(warning, paint))]),
  ];
}

function nodeLine({ running, startedAt, pid, version }: Status, paint: Paint): string {
  if (!running) return `${paint.colour('yellow', 'not running')}, version ${visible(version)}`;
  const since = startedAt === undefined ? '' : ` for ${span(paint.now - startedAt)}`;
  const process = pid === undefined ? '' : `, process ${pid}`;
  return `${paint.colour('green', 'running')}${since}${process}, version ${visible(version)}`;
}

/** What the owner stopped, and when. */
function pausedLine(pauses: NonNullable<Status['pauses']>, paint: Paint): string {
  const line = pauses.map(({ agent = 'all programs', at }) => `${visible(agent)}, ${relative(at, paint)}`).join('\n');
  return paint.colour('red', line);
}

function relayLine({ agents, frames, bytes }: NonNullable<Status['relay']>): string {
  const waiting = frames === 0 ? 'nothing waits' : `${count(frames, 'frame')} waiting, ${size(bytes)}`;
  return `keeps messages for ${agents === 0 ? 'nobody yet' : count(agents, 'agent')}${agents === 0 ? '' : `: ${waiting}`}`;
}

function addressOf(address: { readonly host: string; readonly port: number } | undefined): string | undefined {
  if (address === undefined) return undefined;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function queueLine({ queue }: Status): string {
  const parts = [
    queue.waiting > 0 ? `${queue.waiting} waiting` : '',
    queue.inFlight > 0 ? `${queue.inFlight} in flight` : '',
    queue.unread > 0 ? `${queue.unread} unread` : '',
    queue.deadOut > 0 ? `${queue.deadOut} not delivered` : '',
    queue.deadIn > 0 ? `${queue.deadIn} not handled` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'empty' : parts.join(', ');
}

/** Who is left alone for a while after failures, and until when. */
function breakerLine({ peers }: Status, paint: Paint): string | undefined {
  const open = peers.filter(({ breaker }) => breaker !== 'closed');
  if (open.length === 0) return undefined;
  return open
    .map(({ petname, breaker, retryAt }) => `${visible(petname)} ${breaker}${retryWord(retryAt, paint)}`)
    .join('\n');
}

const retryWord = (retryAt: number | undefined, paint: Paint): string =>
  retryAt === undefined || retryAt <= paint.now ? '' : `, tried again ${relative(retryAt, paint)}`;

function sessionLine({ sessions, peers }: Status): string | undefined {
  if (sessions === 0) return undefined;
  const unconfirmed = peers.filter(({ session }) => session?.confirmed === false).length;
  return `${count(sessions, 'encrypted session')}${unconfirmed === 0 ? '' : `, ${unconfirmed} not confirmed yet`}`;
}
