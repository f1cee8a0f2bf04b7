// A coordinator shares out tasks to four workers, which send their results back.
//   node --conditions=source examples/coordinator.ts
import { Agent, LocalHub, type Received } from 'agent-mesh';

const hub = new LocalHub();
const coordinator = new Agent('coordinator', { hub });
const workers = [1, 2, 3, 4].map((n) => new Agent(`worker-${n}`, { hub }));
await Promise.all(workers.map((worker) => hub.introduce(coordinator, worker)));

for (const worker of workers) {
  worker.onMessage(async ({ sender, payload }) => {
    const { task_id: id = 0, data = [] } = payload;
    const sum = Array.isArray(data) ? data.reduce<number>((all, one) => all + Number(one), 0) : 0;
    await worker.send(sender, { text: 'done', type: 'result', task_id: id, sum });
  });
}

const results: Received[] = [];
const all = Promise.withResolvers<void>();
const tasks = Array.from({ length: 12 }, (_, id) => Array.from({ length: id + 1 }, (_unused, n) => n + 1));

coordinator.onMessage((message) => {
  if (message.type === 'result') results.push(message);
  if (results.length === tasks.length) all.resolve();
});

for (const [id, data] of tasks.entries()) {
  await coordinator.send(`worker-${(id % workers.length) + 1}`, {
    text: 'sum these',
    type: 'task',
    task_id: id,
    priority: 'high',
    data,
  });
}
await all.promise;

const byWorker = Object.groupBy(results, ({ sender }) => sender);
for (const name of Object.keys(byWorker).toSorted()) {
  const sums = byWorker[name]?.map(({ payload }) => Number(payload['sum'])).join(', ');
  console.log(`${name}: ${sums}`);
}

for (const agent of [coordinator, ...workers]) await agent.close();

// Prints:
// worker-1: 1, 15, 45
// worker-2: 3, 21, 55
// worker-3: 6, 28, 66
// worker-4: 10, 36, 78
