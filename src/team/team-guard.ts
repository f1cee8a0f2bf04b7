import { type Finding, inspectInbound, inspectOutbound, isSerious, seenIn } from '#guard';
import { MeshError } from '#kernel';
import type { Reply } from './line.ts';

/** `block` sends no secret, `label` says that there is one, `off` looks at nothing. */
export const teamGuardActions = ['off', 'label', 'block'] as const;
export type TeamGuardAction = (typeof teamGuardActions)[number];

/** Looks through what goes to gateways and comes back from them, which no node sees, by the rules of the guard of a node (spec 15). */
export class TeamGuard {
  readonly #action: TeamGuardAction;
  readonly #own: readonly string[];

  /** `own` are secrets of this machine that leave under no disguise. */
  constructor(action: TeamGuardAction, own: readonly string[] = []) {
    this.#action = action;
    this.#own = own;
  }

  /** Throws GUARD_BLOCKED, which holds nothing of the text. */
  assertMayLeave(text: string): void {
    const findings = this.#secretsIn(text);
    if (!this.#blocks(findings)) return;
    throw new MeshError('GUARD_BLOCKED', `The guard lets no secret leave: ${seenIn(findings)}`, {
      hint: 'Say it without what it names. If that is no secret, or shall be told: export MESH_TEAM_GUARD=label',
      data: { rules: findings.map(({ rule }) => rule), sent: false },
    });
  }

  /** What to tell whoever sends it all the same. */
  warning(text: string): string | undefined {
    const findings = this.#secretsIn(text);
    if (findings.length === 0 || this.#blocks(findings)) return undefined;
    return `The guard saw what may be a secret: ${seenIn(findings)}`;
  }

  /** Instructions to whoever reads the reply of somebody else's agent. */
  arrived(text: string): readonly Finding[] {
    return this.#action === 'off' ? [] : inspectInbound([{ where: 'reply', text }]);
  }

  #secretsIn(text: string): readonly Finding[] {
    return this.#action === 'off' ? [] : inspectOutbound([{ where: 'message', text }], this.#own);
  }

  #blocks(findings: readonly Finding[]): boolean {
    return this.#action === 'block' && findings.some(isSerious);
  }
}

/** For whoever reads a reply, so that it is not taken for an order; undefined when the guard saw nothing. */
export const seenInReply = ({ guard }: Pick<Reply, 'guard'>): string | undefined =>
  guard && `The guard saw what may be an instruction to your agent: ${seenIn(guard)}`;
