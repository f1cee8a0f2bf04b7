import type { ErrorCode } from '#kernel';
import type { Finding } from './finding.ts';

/** What happened when the addresses of an agent's card were called from its own machine. */
export interface EndpointLook {
  readonly agent: string;
  readonly endpoints: readonly { readonly endpoint: string; readonly code?: ErrorCode }[];
}

const fix =
  'Say at which address others reach this node: mesh down, mesh up --detach --endpoint URL. If it is right, open its port in the firewall or router';

/** That it can be reached from here does not prove that others can; that it cannot is worth knowing. */
export function endpointFindings({ agent, endpoints }: EndpointLook): readonly Finding[] {
  if (endpoints.length === 0) {
    return [
      {
        check: 'endpoint',
        severity: 'warning',
        message: `The card of ${agent} names no address`,
        meaning: 'Others cannot call this node; it has to call them.',
        fix,
      },
    ];
  }
  const failed = endpoints.filter(({ code }) => code !== undefined);
  const others = failed.filter(({ code }) => code === 'UNKNOWN_AGENT' || code === 'HANDSHAKE_FAILED');
  const earlier = failed.filter(({ code }) => code === 'SUPERSEDED');
  const silent = failed.filter((one) => !others.includes(one) && !earlier.includes(one));
  return [
    ...others.map(({ endpoint }) =>
      finding(
        'error',
        `Another node answers at ${endpoint}, an address in the card of ${agent}`,
        'Peers that call there do not find this agent.',
      ),
    ),
    ...earlier.map(({ endpoint }) => ({
      ...finding(
        'warning',
        `At ${endpoint} runs a machine from before the restore of ${agent}`,
        'It was told just now, and has fallen silent.',
      ),
      fix: 'Stop it there: mesh down. Or correct the address here: mesh down, mesh up --detach --endpoint URL',
    })),
    ...silent.map(({ endpoint, code }) =>
      finding(
        silent.length === endpoints.length ? 'error' : 'warning',
        `${agent} cannot be reached at ${endpoint}, not even from this machine (${code ?? ''})`,
        silent.length === endpoints.length
          ? 'Others cannot call this node; it has to call them.'
          : 'Peers try this address too, and lose time.',
      ),
    ),
  ];
}

const finding = (severity: 'error' | 'warning', message: string, meaning: string): Finding => ({
  check: 'endpoint',
  severity,
  message,
  meaning,
  fix,
});
