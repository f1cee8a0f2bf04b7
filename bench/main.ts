// `npm run bench -- NAME [--json]`: one JSON line with the figures and their reference, measured in the same run.
const benches: Record<string, () => Promise<{ run(): Promise<Record<string, number | string>> }>> = {
  pair: () => import('./pair.ts'),
  backlog: () => import('./backlog.ts'),
  file: () => import('./file.ts'),
  hub: () => import('./hub.ts'),
  mailboxes: () => import('./mailboxes.ts'),
  connections: () => import('./connections.ts'),
  failover: () => import('./failover.ts'),
  start: () => import('./start.ts'),
  'hub-store': () => import('./hub-store.ts'),
  openclaw: () => import('./openclaw.ts'),
};

const [name = '', ...flags] = process.argv.slice(2);
const load = benches[name];
if (load === undefined) {
  process.stderr.write(`Usage: npm run bench -- NAME [--json]\nNames: ${Object.keys(benches).join(', ')}\n`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  const result = await run();
  if (flags.includes('--json')) process.stdout.write(`${JSON.stringify({ bench: name, ...result })}\n`);
  else for (const [key, value] of Object.entries(result)) process.stdout.write(`${key.padEnd(32)} ${value}\n`);
}
