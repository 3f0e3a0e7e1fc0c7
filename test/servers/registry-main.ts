import { parseArgs } from 'node:util';
import { startRegistry } from './registry.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5000' },
    folder: { type: 'string' },
    'no-referrers': { type: 'boolean', default: false },
    latency: { type: 'string', default: '0' },
  },
});

const registry = await startRegistry({
  port: Number(values.port),
  referrers: !values['no-referrers'],
  latency: Number(values.latency),
  ...(values.folder && { folder: values.folder }),
});
console.log(registry.host);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void registry.close());
