import type { Operations } from '#api';
import { liveFindings } from '../doctor/live-findings.ts';
import type { NodeParts } from '../parts.ts';

/** Looks for what is wrong with the node that runs. */
export function doctorOperations(parts: NodeParts): Pick<Operations, 'doctor'> {
  return {
    async doctor(_input, { signal }) {
      return { findings: [...(await liveFindings(parts, signal))] };
    },
  };
}
