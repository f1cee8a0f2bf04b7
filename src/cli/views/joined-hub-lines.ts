import type { Output } from '#api';
import type { Paint } from '../paint.ts';
import { shortAgentId } from '../short-id.ts';
import { fields, table } from '../table.ts';
import { visible } from '../terminal-text.ts';
import { when } from '../times.ts';

type HubView = Output<'joinHub'>;
type Entry = Output<'directory'>['agents'][number];

/** Everything about one hub. */
export function hubLines(hub: HubView, paint: Paint): readonly string[] {
  return fields(
    [
      [hub.relayOf === undefined ? 'hub' : 'relay', paint.colour('bold', titleOf(hub))],
      ['address', visible(hub.url)],
      ['id', hub.agentId],
      ['fingerprint', hub.fingerprint],
      ['connection', connectionOf(hub)],
      ['joined', when(hub.joinedAt, paint)],
    ],
    paint,
  );
}

const titleOf = ({ name, relayOf }: HubView): string =>
  relayOf === undefined ? visible(name) : `relay of ${visible(relayOf)}`;

export function hubTable(hubs: readonly HubView[], paint: Paint): readonly string[] {
  const notes = hubs.flatMap(standInLines);
  return [...rows(hubs, paint), ...(notes.length === 0 ? [] : ['', ...notes])];
}

function standInLines(hub: HubView): readonly string[] {
  if (hub.standsIn === undefined) return [];
  const { relayOf = hub.name } = hub;
  return hub.standsIn === 'now'
    ? [`No hub of this agent can be reached: the node of ${visible(relayOf)} stands in for them.`]
    : [`The node of ${visible(relayOf)} stood in for the hubs; what still comes there is taken for a while.`];
}

function rows(hubs: readonly HubView[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'HUB', cell: titleOf, shrinkTo: 16 },
      {
        title: 'CONNECTION',
        cell: connectionOf,
        paint: (text, { state }) => paint.colour(state === 'up' ? 'green' : 'yellow', text),
      },
      { title: 'ADDRESS', cell: ({ url }) => visible(url), shrinkTo: 16 },
      { title: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
    ],
    hubs,
    paint,
  );
}

function connectionOf({ state, latencyMs, lastError }: HubView): string {
  if (state === 'up') return latencyMs === undefined ? 'up' : `up, ${latencyMs.toFixed(1)} ms`;
  return lastError === undefined ? 'connecting' : `down: ${visible(lastError.code)}`;
}

export function directoryTable(entries: readonly Entry[], paint: Paint): readonly string[] {
  return table(
    [
      { title: 'AGENT', cell: ({ name }) => visible(name), shrinkTo: 10 },
      { title: 'CALLS ITSELF', cell: ({ displayName }) => visible(displayName ?? ''), shrinkTo: 12 },
      { title: 'HUB', cell: ({ hub }) => visible(hub), shrinkTo: 8 },
      {
        title: 'OFFERS',
        cell: ({ capabilities }) => capabilities.map(({ id }) => visible(id)).join(', '),
        shrinkTo: 8,
      },
      { title: 'CONTACT', cell: contactOf },
      { title: 'ID', cell: ({ agentId }) => shortAgentId(agentId) },
    ],
    entries,
    paint,
  );
}

function contactOf({ contact, own }: Entry): string {
  if (own === true) return 'lives on this node';
  return contact === undefined ? '' : `${visible(contact.petname)}, ${contact.state}`;
}
