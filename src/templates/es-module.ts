/**
 * Turns one of the runtime files from CommonJS into an ES module. It knows the forms that those files use and no
 * others: `const … = require('…')` and `module.exports…` at the start of a line. `ending` is what relative imports get.
 */
export function toEsModule(text: string, ending = '.js'): string {
  const imports: string[] = [];
  const body = text
    .replace(
      /^const (.+) = require\('(.+)'\);\n/gm,
      (_whole: string, names: string, specifier: string): string => {
        imports.push(`import ${names.replace(/: /g, ' as ')} from '${withEnding(specifier, ending)}';`);
        return '';
      },
    )
    // What the application's own options need.
    .replace(/^import .+;\n/gm, (whole: string): string => {
      imports.push(whole.trimEnd());
      return '';
    })
    // ES modules may import each other in any order.
    .replace(/^\/\/ Below the exports, .*\n\n?/m, '')
    .replace(/^module\.exports = \{/m, 'export {')
    .replace(/^module\.exports = /m, 'export default ')
    .replace(/^module\.exports\.(\w+) = \1;/gm, 'export { $1 };')
    .replace(/^module\.exports\.(\w+) = /gm, 'export const $1 = ')
    .replace(/\n{3,}/g, '\n\n')
    .trimStart();
  return imports.length === 0 ? body : `${imports.join('\n')}\n\n${body}`;
}

/** Node looks for no endings in ES modules. */
function withEnding(specifier: string, ending: string): string {
  return specifier.startsWith('.') && !/\.[cm]?js$/.test(specifier) ? specifier + ending : specifier;
}
