import { readFileSync } from 'node:fs';

/** Of the kernel, for times of processes (`getconf CLK_TCK`). */
const ticksPerSecond = 100;

/** Memory of the process that is in RAM, in KB. */
export const residentKb = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);

/** Processor time that the process has used, in seconds. */
export function cpuSeconds(pid: number): number {
  // The second field is a name in brackets, which may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
