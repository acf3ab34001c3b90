// Runs the demo and draws what it printed as docs/demo.svg. Run after `npm run build`.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../bin/clinic-migrate.js', import.meta.url));
const { stdout, status, stderr } = spawnSync(process.execPath, [program, 'demo'], {
  encoding: 'utf8',
  env: { ...process.env, FORCE_COLOR: '1', NO_COLOR: '' },
});
if (status !== 0) throw new Error(`the demo ended with exit code ${status}\n${stderr}`);

const STYLES = {
  1: 'font-weight:bold',
  2: 'opacity:.6',
  4: 'text-decoration:underline',
  31: 'fill:#f47067',
  32: 'fill:#57ab5a',
  36: 'fill:#39c5cf',
};
const RESETS = { 22: [1, 2], 24: [4], 39: [31, 32, 36] };
const LINE = 19;
// A terminal's own codes begin with the escape character.
const CODE = '\u001b\\[([\\d;]*)m';
const escapeXml = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** One line of a terminal as SVG spans. */
function spans(line) {
  const on = new Set();
  return line
    .split(new RegExp(`(${CODE.replace('(', '(?:')})`))
    .map((part) => {
      const codes = new RegExp(`^${CODE}$`).exec(part)?.[1];
      if (codes === undefined) {
        const style = [...on].map((code) => STYLES[code]).join(';');
        return part === ''
          ? ''
          : `<tspan${style === '' ? '' : ` style="${style}"`}>${escapeXml(part)}</tspan>`;
      }
      for (const code of codes.split(';').map(Number)) {
        if (code in STYLES) on.add(code);
        for (const off of RESETS[code] ?? []) on.delete(off);
      }
      return '';
    })
    .join('');
}

const story = stdout.slice(0, stdout.indexOf('\u001b[4mSummary')).trim();
const lines = ['$ npm run demo', '', ...story.split('\n')];
const width = 940;
const height = lines.length * LINE + 36;
const text = lines
  .map((line, i) => `<text x="20" y="${30 + i * LINE}" xml:space="preserve">${spans(line)}</text>`)
  .join('\n');
writeFileSync(
  fileURLToPath(new URL('../docs/demo.svg', import.meta.url)),
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>What npm run demo prints</title>
<rect width="100%" height="100%" rx="8" fill="#22272e"/>
<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13.5" fill="#adbac7">
${text}
</g>
</svg>
`,
);
