import type { LanStatus } from '../lan-desk.ts';
import type { Finding } from './finding.ts';

/** Whether the node is found on the local network, when its owner wants it to be. */
export function lanFindings(status: LanStatus | undefined): readonly Finding[] {
  if (status === undefined) return [];
  const { problem, name = '' } = status;
  if (problem !== undefined) {
    return [
      {
        check: 'lan',
        severity: 'warning',
        message: problem.message,
        meaning: 'mesh scan --lan on other machines does not find this node. Messages do not need it.',
        fix: problem.hint,
      },
    ];
  }
  return [
    {
      check: 'lan',
      severity: 'note',
      message: `Everybody on the local network finds this node, as ${name}`,
      meaning:
        'They learn the names and keys of its agents, as does whoever knows its address. It makes nobody a peer.',
      fix: 'To end it: mesh down, then mesh up --detach without --lan, and without enabled = true under [lan] in mesh.toml',
    },
  ];
}
