import type { MeshEvent, MissedEvent } from '#api';
import type { Call } from '../call.ts';
import type { Outcome } from '../outcome.ts';
import type { Paint } from '../paint.ts';
import { visible } from '../terminal-text.ts';
import { absolute } from '../times.ts';
import { fileWord } from '../views/file-lines.ts';

type AnyEvent = MeshEvent | MissedEvent;

/** Shows what happens at the node as it happens, until Ctrl-C. With --json one document a line. */
export async function events({ args, client, settings, screen, signal }: Call): Promise<Outcome | undefined> {
  const types = args.list('type');
  let isNoted = false;
  const onOpen = (): void => {
    if (!isNoted) screen.note('Waiting for events. Ctrl-C ends it.');
    isNoted = true;
  };
  for await (const { id, event } of client.events({ agent: settings.agent, signal, onOpen })) {
    if (types.length > 0 && !types.includes(event.type)) continue;
    if (settings.json) screen.json({ id, ...event }, 'line');
    else screen.lines([eventLine(event, screen.paint())]);
  }
  signal.throwIfAborted();
  return undefined;
}

function eventLine(event: AnyEvent, paint: Paint): string {
  const at = 'at' in event ? event.at : paint.now;
  return `${paint.colour('dim', absolute(at, paint))}  ${event.type.padEnd(16)}  ${visible(detailOf(event))}`.trimEnd();
}

function detailOf(event: AnyEvent): string {
  switch (event.type) {
    case 'contact.changed':
      return words(event.petname, event.state);
    case 'request.received':
      return words(event.petname, event.fingerprint, event.id);
    case 'link.up':
      return words(event.peer, event.route);
    case 'link.down':
      return words(event.peer, event.route, event.code);
    case 'link.held':
      return words(event.peer, event.code);
    case 'breaker.changed':
      return words(event.peer, event.state);
    case 'session.replaced':
      return words(event.peer, event.reason);
    case 'agent.added':
      return words(event.agent, event.agentId);
    case 'programs.paused':
    case 'programs.resumed':
      return words(event.agent ?? 'all agents', event.reason);
    case 'agent.superseded':
      return words(event.agent, 'was restored on another machine: see mesh doctor');
    case 'missed':
      return event.count === undefined ? 'events are missing here' : `${event.count} events are missing here`;
    default:
      return messageDetailOf(event);
  }
}

function messageDetailOf(event: AnyEvent): string {
  switch (event.type) {
    case 'message.received':
      return words(event.message.peer, event.message.type, event.message.id);
    case 'message.state':
      return words(event.peer, event.step, event.reason, idsIn(event.ids), event.route);
    case 'message.held':
      return words(event.peer, event.direction === 'in' ? 'came in' : 'to be sent', 'mesh review', idsIn(event.ids));
    case 'message.dead':
      return words(event.peer, event.reason, idsIn(event.ids));
    case 'file.changed':
      return words(event.file.peer, event.file.name, fileWord(event.file), event.file.id);
    case 'files.refused':
      return words(event.peer, event.reason, event.id);
    default:
      return '';
  }
}

/** One id, or how many messages took a step together. */
const idsIn = (ids: readonly string[]): string =>
  ids.length === 1 ? (ids[0] ?? '') : `${ids.length} messages from ${ids[0] ?? ''}`;

const words = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((part) => part !== undefined).join('  ');
