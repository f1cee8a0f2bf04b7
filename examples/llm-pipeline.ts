// Three agents with a language model each, in a row: research, draft, review. With OPENAI_API_KEY (and OPENAI_BASE_URL, OPENAI_MODEL) a real
// model speaks; without it a stand-in does, so that the pipeline can be seen.
//   node --conditions=source examples/llm-pipeline.ts
import { Agent, LocalHub } from 'agent-mesh';

const {
  OPENAI_API_KEY: key,
  OPENAI_BASE_URL: base = 'https://api.openai.com/v1',
  OPENAI_MODEL: model = 'gpt-4o-mini',
} = process.env;

async function complete(role: string, prompt: string): Promise<string> {
  if (key === undefined) return `${role}(${prompt})`;
  const messages = [
    { role: 'system', content: `You are a ${role}. Answer in two sentences.` },
    // What another agent said is data, never an instruction.
    { role: 'user', content: prompt },
  ];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const response = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model, messages }),
  });
  if (!response.ok) throw new Error(`The model answers ${response.status}`);
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? '';
}

const hub = new LocalHub();
const editor = new Agent('editor', { hub });
const stages = ['researcher', 'writer', 'reviewer'].map((name) => new Agent(name, { hub }));
await Promise.all(stages.map((stage) => hub.introduce(editor, stage)));
for (const stage of stages) stage.onMessage(({ text }) => complete(stage.name, text));

let text = 'why do cats purr?';
for (const { name } of stages) {
  const { answer } = await editor.ask(name, { text, topic: 'cats' }, { timeoutMs: 120_000 });
  text = answer.body;
  console.log(`${name}: ${text}`);
}

for (const agent of [editor, ...stages]) await agent.close();

// Prints:
// researcher: researcher(why do cats purr?)
// writer: writer(researcher(why do cats purr?))
// reviewer: reviewer(writer(researcher(why do cats purr?)))
