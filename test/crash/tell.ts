import type { Account, Violation } from './check.ts';

export interface Witnesses {
  readonly sender: Account;
  readonly receiver: Account;
}

/** One violation with everything that both sides know of the message. */
export function tellViolation(violation: Violation, witnesses: Witnesses | undefined): readonly string[] {
  const { rule, sender, n, id, says } = violation;
  const head = `${rule}: ${sender === '' ? '' : `message ${n} of ${sender} (${id ?? 'no id'}): `}${says}`;
  if (witnesses === undefined || n === 0) return [head];
  return [head, ...witnessLines(witnesses, { n, id }).map((line) => `    ${line}`)];
}

function witnessLines({ sender, receiver }: Witnesses, { n, id }: Pick<Violation, 'n' | 'id'>): readonly string[] {
  const spoken = sender.spoken.find(({ said }) => said.n === n);
  const out = sender.rows.outbox.find((row) => row.id === id);
  const into = receiver.rows.inbox.find((row) => row.id === id);
  const turns = receiver.turns.filter((turn) => turn.n === n && turn.type !== 'response');
  const leased = receiver.leasedAtEnds.filter((ids) => id !== undefined && ids.includes(id)).length;
  return [
    `${sender.name} said: ${spoken === undefined ? 'nothing' : JSON.stringify({ ...spoken, said: brief(spoken.said) })}`,
    `outbox of ${sender.name}: ${out === undefined ? 'not there' : JSON.stringify(out, shown)}`,
    `inbox of ${receiver.name}: ${into === undefined ? 'not there' : JSON.stringify(into, shown)}`,
    `handler of ${receiver.name}: ${turns.length === 0 ? 'never called' : JSON.stringify(turns)}`,
    `with the handler of ${receiver.name} when its process ended: ${leased} times`,
  ];
}

const brief = ({ text, ...said }: Account['spoken'][number]['said']) => ({ ...said, bytes: text.length });

const hidden: ReadonlySet<string> = new Set(['body', 'peer', 'agent', 'sender']);

const shown = (key: string, value: unknown): unknown => (hidden.has(key) ? undefined : value);
