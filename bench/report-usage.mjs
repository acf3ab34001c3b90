// Preloaded into a measured program: leaves what it used where the measuring one looks.
import { writeFileSync } from 'node:fs';

const { BENCH_USAGE } = process.env;
process.once('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  if (BENCH_USAGE)
    writeFileSync(
      BENCH_USAGE,
      JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }),
    );
});
