import type { CliPorts } from './ports.ts';

/** Asks a question that `y` or `yes` answers with yes and anything else with no. */
export async function confirm(ports: Pick<CliPorts, 'stdin'>, question: string): Promise<boolean> {
  const answer = await ports.stdin.line(`${question} [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

/** True when a person sits at the terminal: nobody else is asked. */
export function canAsk({ ports, settings }: { ports: Pick<CliPorts, 'stdin'>; settings: { json: boolean } }): boolean {
  return ports.stdin.isTerminal && !settings.json;
}
