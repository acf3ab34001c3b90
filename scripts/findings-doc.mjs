// Writes docs/findings.md from the codes in the source. Run after `npm run build`.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findingsPage } from '../dist/report/findings-page.js';

writeFileSync(fileURLToPath(new URL('../docs/findings.md', import.meta.url)), findingsPage());
