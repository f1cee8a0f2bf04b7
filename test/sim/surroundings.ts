import type { Limits } from '#kernel';
import type { AgentId } from '#identity';
import type { InboundMessage, Runtime } from '#runtime';
import type { Composed } from '../../src/node/compose.ts';
import type { Computer } from './computer.ts';
import type { Running } from './computer-parts.ts';
import type { HubSurroundings } from './hub-machine.ts';
import type { Calls } from './calls.ts';
import type { Judge } from './judge.ts';
import type { Ledger, Said } from './ledger.ts';
import type { Machine, NodeSurroundings, Twist } from './machine.ts';
import type { Network } from './network.ts';
import { program, type ProgramMood } from './program.ts';
import { wordsOfDeath, wordsOfDeed, wordsOfEvent } from './words.ts';
import { shortId } from './short-id.ts';
import type { Story } from './story.ts';
import type { Timeline } from './timeline.ts';

const endings = { returned: 'is done with', failed: 'fails at', fatal: 'takes the node with it at' } as const;

/** What of a world stands around its computers. */
export interface Stage {
  readonly seed: number;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly limits: Limits;
  readonly ledger: Ledger;
  readonly judge: Judge;
  readonly story: Story;
  readonly calls: Calls;
  /** Processes that ended before their time. */
  deaths: number;
  moodOf(name: string): ProgramMood;
  concurrencyOf(name: string): number;
  ownerOf(agentId: AgentId): string | undefined;
  own(machine: Machine, agentId: AgentId): void;
  renewed(computer: Computer): void;
  deceived(agents: readonly AgentId[]): void;
  start(computer: Computer): void;
  restartLater(computer: Computer): void;
}

export interface Beginning {
  /** What the clocks show at the beginning, after midnight. */
  readonly startMs: number;
  readonly twist: Twist | undefined;
}

/** What computers meet in a world. */
export function surroundingsOf(world: Stage, { startMs, twist }: Beginning): NodeSurroundings & HubSurroundings {
  const { seed, timeline, network, limits, ledger, judge, story } = world;
  return {
    seed,
    timeline,
    network,
    limits,
    startMs,
    twist,
    machineOf: (agentId) => world.ownerOf(agentId),
    numberOf: (body) => ledger.numberOf(body),
    programOf: (machine, running) => programOf(world, machine, running),
    onCommit(fact) {
      judge.fact(fact);
      ledger.note(fact);
      const words = wordsOfDeed(fact.deed, ledger);
      if (words !== undefined) story.tell([fact.node, ...words.about], `${fact.node} ${words.text}`);
    },
    onStored({ name }, frame) {
      ledger.kept.add(frame);
      story.tell([name, frame], `${name} says that it keeps the frame ${shortId(frame)}`);
    },
    onLie: (agents) => world.deceived(agents),
    onEvent(machine, event) {
      const words = wordsOfEvent(event, ledger, (agentId) => world.ownerOf(agentId) ?? agentId);
      if (words !== undefined) story.tell([machine.name, ...words.about], `${machine.name} ${words.text}`);
      judge.event(machine, event);
    },
    onLog(computer, line) {
      judge.log(computer, line);
      if (line.event === 'device.renewed') world.renewed(computer);
      if (line.level !== 'debug' && line.level !== 'info')
        story.tell([computer.name], `${computer.name} logs ${line.event} ${JSON.stringify(line.fields)}`);
    },
    onDeath(computer, death, touch) {
      story.tell([computer.name], `${computer.name} ${wordsOfDeath(death, touch)}`);
      world.deaths += 1;
      world.restartLater(computer);
    },
    onEnd({ name }) {
      world.calls.lose(name);
      judge.ended(name);
    },
    onStartFailed(computer, code) {
      story.tell([computer.name], `${computer.name} cannot start: ${code}`);
      timeline.schedule(5000, () => world.start(computer));
    },
    onAgentId: (machine, agentId) => world.own(machine, agentId),
  };
}

function programOf(world: Stage, machine: Machine, running: Running<Composed>): Runtime {
  const { ledger, story, judge } = world;
  const { name } = machine;
  return program({
    machine,
    running,
    mood: world.moodOf(name),
    concurrency: world.concurrencyOf(name),
    onOffer(inbound) {
      const said = ledger.byId(inbound.message.id);
      story.tell([name, `#${said?.n}`], `${name}'s program is given #${said?.n}, attempt ${inbound.attempt}`);
      return judge.offer(machine, inbound);
    },
    onEnd(turn, outcome) {
      const n = ledger.byId(turn.id)?.n;
      if (outcome !== 'fatal') turn.outcome = outcome;
      story.tell([name, `#${n}`], `${name}'s program ${endings[outcome]} #${n}`);
    },
    answer: (inbound) => answerOf(world, { machine, running, inbound }),
  });
}

interface Question {
  readonly machine: Machine;
  readonly running: Running<Composed>;
  readonly inbound: InboundMessage;
}

function answerOf({ ledger, story, timeline }: Stage, { machine, running, inbound }: Question): Said | undefined {
  const { message } = inbound;
  const { name } = machine;
  const asked = ledger.byId(message.id);
  if (asked === undefined || running.random.chance(0.2)) return undefined;
  const { priority } = message;
  const said = ledger.say(
    { from: name, to: asked.from, type: 'response', priority, isAnswer: true, key: undefined, askedAt: timeline.now },
    `answer to #${asked.n}`,
  );
  story.tell([name, `#${asked.n}`, `#${said.n}`], `${name}'s program answers #${asked.n} with #${said.n}`);
  return said;
}
