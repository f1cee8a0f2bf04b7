import type { Operations } from '#api';
import { MeshError } from '#kernel';
import { fitAnswer } from '#pipeline';
import { decodeMessage, type MessageType } from '#protocol';
import { type Answer, AttachableRuntime, defaultRuntimeTypes } from '#runtime';
import type { AgentHost } from '../agent-host.ts';
import { hostNamed, type NodeParts } from '../parts.ts';
import { refuseSuperseded } from '../succession.ts';
import { defined } from './defined.ts';
import { inboxRow } from './find.ts';
import { messageView } from './views.ts';

/** Messages at once, when the program does not say. */
const usualConcurrency = 1;

interface AttachInput {
  readonly program: string;
  readonly types?: readonly MessageType[] | undefined;
  readonly concurrency?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

/** A program that takes the messages of an agent over the local API, as its runtime. */
export function attachOperations(parts: NodeParts): Pick<Operations, 'attach' | 'complete' | 'release'> {
  return {
    attach: (input, { signal }) => attach(hostNamed(parts, input.agent), input, signal),

    async complete({ agent, id, text, subject, metadata, usage }) {
      const host = hostNamed(parts, agent);
      const used = usage && defined(usage);
      // Nothing that is said to what asks nothing is sent.
      const isSilent = text === undefined && (used === undefined || inboxRow(host, id).type === 'request');
      const answer = isSilent ? undefined : { body: text ?? '', ...defined({ subject, metadata, usage: used }) };
      refuseUnfit(host, id, answer);
      runtimeOf(host).complete(id, answer);
      return { id, taken: true };
    },

    async release({ agent, id, error, counts }) {
      runtimeOf(hostNamed(parts, agent)).release(id, { error, counts });
      return { id, taken: true };
    },
  };
}

async function* attach(host: AgentHost, input: AttachInput, signal: AbortSignal) {
  const { agent, desk, runner } = host;
  refuseSuperseded(agent);
  const { types = defaultRuntimeTypes, concurrency = usualConcurrency, program } = input;
  const { timeoutMs = desk.ports.limits.turnTimeoutMs } = input;
  const offers = runtimeOf(host).attach({ program, types, concurrency, timeoutMs, signal });
  const { logger } = desk.ports;
  logger.info('program.attached', { agent: agent.name, program });
  runner.wake();
  try {
    yield { type: 'attached' as const, agent: agent.name, agentId: agent.agentId };
    for await (const offer of offers) {
      if (offer.type === 'withdrawn') yield offer;
      else {
        const { message, attempt } = offer.inbound;
        yield { type: offer.type, message: messageView(host, inboxRow(host, message.id)), attempt };
      }
    }
  } finally {
    logger.info('program.detached', { agent: agent.name, program });
    runner.wake();
  }
}

function runtimeOf({ agent, runtime }: AgentHost): AttachableRuntime {
  if (runtime instanceof AttachableRuntime) return runtime;
  throw new MeshError('WRONG_STATE', `The messages of ${agent.name} go to its runtime ${runtime.kind}`, {
    hint: `Set runtime = "inbox" under [agents.${agent.name}] in mesh.toml, and restart the node: mesh down, mesh up --detach`,
  });
}

/** What no message can carry is told to the program, while it can still say something else. */
function refuseUnfit(host: AgentHost, id: string, answer: Answer | undefined): void {
  if (answer === undefined) return;
  const row = inboxRow(host, id);
  fitAnswer(host.lane(row.sender), decodeMessage(row.body), answer);
}
