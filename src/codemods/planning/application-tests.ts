import type { ts } from 'ts-morph';
import type { Finding } from '../../core/finding.js';
import { readCalls } from '../../project/calls/call-graph.js';
import { readUses } from '../../project/calls/uses.js';
import { openProject } from '../../project/source/open-project.js';
import type { Sources } from '../../project/source/read-sources.js';
import type { FunctionNode } from '../../project/types.js';
import { Evaluator } from '../../project/values/evaluator.js';
import { nameOf } from './callers.js';
import { type Draft, type Drafts, findingAt } from './draft.js';
import { listOf } from './root-causes.js';

/**
 * What the application's own tests use of that is another thing from now on: functions that take clinicDb, and models.
 * Tests are followed as the application is, and left as they are; one finding a file.
 */
export function reportTests(
  drafts: Drafts,
  failed: ReadonlyMap<ts.SourceFile, Draft>,
  { texts, tests = new Map(), ...settings }: Sources,
): Finding[] {
  const { analysis } = drafts;
  const changed = drafts.all().filter((draft) => !failed.has(draft.file) && draft.hasEdits());
  const threaded = new Set(changed.flatMap((draft) => [...draft.threaded]));
  const files = new Set(changed.map(({ file }) => file));
  const models = [...analysis.registry.inFile]
    .filter(([file]) => files.has(file))
    .flatMap(([, inFile]) => inFile);
  if (tests.size === 0 || threaded.size + models.length === 0) return [];
  const { project, registry } = analysis;
  const parsed = new Map(project.files.map((file) => [file.fileName, file]));
  const withTests = openProject({ ...settings, texts: new Map([...texts, ...tests]) }, project.app, parsed);
  const evaluator = new Evaluator(withTests, registry);
  const testFiles = [...tests.keys()].flatMap((path) => withTests.file(path) ?? []);
  const calls = readCalls(evaluator, testFiles);
  return testFiles.flatMap((file) => {
    const mentions = new Map<FunctionNode, ts.Node>();
    for (const [node, { calls: sites, escapes }] of calls) {
      const [first] = [...sites, ...escapes].filter((site) => site.getSourceFile() === file);
      if (first !== undefined && threaded.has(node)) mentions.set(node, first);
    }
    const used = readUses(evaluator, file).uses.filter(
      ({ model }) => model !== undefined && models.includes(model),
    );
    const functions = [...new Set([...mentions.keys()].map((node) => nameOf(node)))];
    const [place] = [...mentions.values(), ...used.map(({ node }) => node)];
    if (place === undefined) return [];
    const names = [...new Set(used.map(({ model }) => model?.name ?? ''))];
    const reasons = [
      ...(functions.length === 0
        ? []
        : [
            `calls ${listOf(functions)} without the connection that ${functions.length === 1 ? 'it takes' : 'they take'} now`,
          ]),
      ...(names.length === 0
        ? []
        : [
            `uses ${listOf(names)}, which ${names.length === 1 ? 'is no model' : 'are no models'} of one connection any more`,
          ]),
    ];
    return [findingAt('CODE_TEST_CALL', 'warning', place, `this test ${reasons.join(', and ')}`)];
  });
}
