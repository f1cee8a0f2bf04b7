// One end of `bench file`: an agent in this process, driven over IPC.
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { Agent } from '../src/index.ts';

const [role = 'alice', dir = ''] = process.argv.slice(2);
const agent = await Agent.open({ name: role, stateDir: dir });
const now = (): number => performance.timeOrigin + performance.now();

/** The kernel's own record of the highest, so that nothing between two looks is missed. */
const peakRssMb = (): number => {
  const status = readFileSync('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
};

let arrivedAt = Promise.withResolvers<number>();
let delays: number[] = [];
if (role === 'bob') {
  agent.onMessage((message) => {
    if (message.files.length > 0) arrivedAt.resolve(now());
    else delays.push(now() - Number(message.metadata?.['at']));
  });
}

let isSending = false;
let pacing: Promise<void> = Promise.resolve();

/** Ten messages a second, as long as the file is on its way. */
async function pace(): Promise<void> {
  while (isSending) {
    await agent.send('bob', { text: 'beside the file', metadata: { at: now() } });
    await sleep(100);
  }
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const verbs: Record<string, (input: Record<string, unknown>) => Promise<Record<string, unknown>>> = {
  invite: async () => ({ invite: (await agent.invite({ tier: 'trusted' })).invite }),
  join: async ({ invite }) => ({ state: (await agent.join(String(invite), { tier: 'trusted' })).state }),
  warm: async () => {
    for (let n = 0; n < 200; n += 1) await agent.send('bob', { text: 'warm', metadata: { at: now() } });
    await sleep(1000);
    return {};
  },
  sendFile: async ({ path }) => {
    isSending = true;
    pacing = pace();
    const startedAt = now();
    const { id } = await agent.send('bob', { text: 'a file', files: [{ path: String(path) }] });
    return { id, startedAt, acceptedAt: now() };
  },
  stopPacing: async () => {
    isSending = false;
    await pacing;
    return {};
  },
  reset: async () => {
    delays = [];
    arrivedAt = Promise.withResolvers();
    return { cpu: cpu() };
  },
  arrived: async () => ({ at: await arrivedAt.promise }),
  figures: async () => {
    const sorted = delays.toSorted((a, b) => a - b);
    return {
      maxRssMb: peakRssMb(),
      cpu: cpu(),
      messages: sorted.length,
      p50Ms: sorted[sorted.length >> 1] ?? 0,
      maxMs: sorted.at(-1) ?? 0,
    };
  },
};

process.on('message', (input: { readonly type: string }) => {
  if (input.type === 'close') {
    void agent.close().then(() => process.exit(0));
    return;
  }
  void verbs[input.type]?.({ ...input }).then((result) => process.send?.({ type: input.type, ...result }));
});
