// Loaded into a bundle by NODE_OPTIONS=--import: writes down the most memory the process held, when it ends.
// VmHWM rather than getrusage: that one starts from what the parent held when it forked.
import { appendFileSync, readFileSync } from 'node:fs';

process.on('exit', () => {
  const kilobytes =
    process.platform === 'linux'
      ? Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
      : process.resourceUsage().maxRSS;
  appendFileSync(process.env.HALLMARK_PEAK, `${JSON.stringify({ script: process.argv[1], kilobytes })}\n`);
});
