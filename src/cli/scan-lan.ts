import { MeshError } from '#kernel';
import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';
import { type FoundNode, nextAfterScan, nodeLines } from './views/scan-lines.ts';
import { count } from './views/words.ts';

interface Missed {
  readonly unasked: number;
  readonly ignored: number;
  readonly isFull: boolean;
}

const nobodyThere = {
  elsewhere:
    'On the other machine, in the same network: mesh up --detach --lan. Or name its address here: mesh scan URL',
};

/** Looks for nodes that announce themselves on the local network. Throws INVALID_ARGUMENT, LAN_UNAVAILABLE. */
export async function scanLan(call: Call): Promise<Outcome> {
  const { args, client, settings, signal, screen } = call;
  refuseAddresses(args);
  const found: FoundNode[] = [];
  let missed: Missed = { unasked: 0, ignored: 0, isFull: false };
  let total = 0;
  screen.progress('Listening on the local network …');
  const timeoutMs = args.durationMs('timeout');
  for await (const event of client.scanLan({ agent: settings.agent, timeoutMs }, { signal })) {
    switch (event.type) {
      case 'heard':
        screen.progress(`Listening on the local network, ${count(event.nodes, 'answer')} …`);
        break;
      case 'progress':
        screen.progress(`${event.done} of ${count(event.total, 'address', 'addresses')} asked`);
        break;
      case 'found':
        found.push({ url: event.url, agents: event.agents });
        break;
      case 'done':
        ({ total } = event);
        missed = event;
        break;
    }
  }
  screen.progress('');
  const { unasked, ignored, isFull } = missed;
  return {
    data: { total, found, unasked, ignored, isFull },
    lines: () => [
      ...found.flatMap(nodeLines),
      found.length === 0
        ? 'No other node found on the local network.'
        : `${count(found.length, 'node')} found on the local network. None is trusted for being near.`,
      ...missedLines(missed),
    ],
    next: found.length === 0 ? [nobodyThere] : [nextAfterScan(found)],
  };
}

function refuseAddresses(args: Call['args']): void {
  const given = [args.rest(0)[0], args.text('template'), args.text('range'), args.text('port')];
  if (given.every((one) => one === undefined)) return;
  throw new MeshError('INVALID_ARGUMENT', 'With --lan no addresses are named: it finds nodes by what they announce', {
    hint: 'Look in two steps: mesh scan --lan, and mesh scan with the addresses.',
  });
}

function missedLines({ unasked, ignored, isFull }: Missed): readonly string[] {
  return [
    ...(ignored === 0 ? [] : [`${count(ignored, 'answer')} ignored: not of a node in this network.`]),
    ...(isFull ? ['More nodes answered than one scan takes; some are not shown.'] : []),
    ...(unasked === 0 ? [] : [`There was no time to ask ${count(unasked, 'more address', 'more addresses')}.`]),
  ];
}
