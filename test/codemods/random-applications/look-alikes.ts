import type { Question } from '../../demo/conversation.js';
import type { Mounting } from './routers.js';
import type { Source } from './source.js';

/** Calls that are named like those of models and connections and are none. */
export function lookAlikes({ auth, middleware, authImport, routes, path }: Mounting): Source[] {
  const isApplication = routes === 'function of the application';
  const isOwn = auth === 'in the router' || auth === 'at each route';
  const target = isApplication ? 'app' : 'router';
  const at = (own: string): string => (isApplication ? `${path}/letters${own === '/' ? '' : own}` : own);
  const before = isOwn ? `${middleware}, ` : '';
  const lines = `${target}.get('${at('/')}', ${before}(req«: any», res«: any») => {
  res.json(letters.findAll());
});
${target}.put('${at('/:id')}', ${before}(req«: any», res«: any») => {
  const changed = letters.update(req.params.id, req.body.text);
  seen.set(req.params.id, createHash('sha256').update(changed).digest('hex'));
  res.json({ changed, hash: seen.get(req.params.id) });
});
${target}.delete('${at('/:id')}', ${before}(req«: any», res«: any») => {
  seen.delete(req.params.id);
  res.json({ gone: letters.delete(req.params.id) });
});`;
  return [
    {
      path: 'lib/letters',
      imports: [],
      body: `class Letters {
  texts«: string[]»;

  constructor() {
    this.texts = ['Dear'];
  }

  findAll() {
    return this.texts;
  }

  update(id«: number», text«: string») {
    this.texts[id] = text;
    return text;
  }

  delete(id«: number») {
    return this.texts.splice(id, 1).length;
  }
}`,
      exports: { one: 'Letters' },
    },
    {
      path: 'routes/letters',
      imports: [
        { from: 'node:crypto', names: ['createHash'] },
        ...(isApplication ? [] : [{ from: 'express', one: 'express' }]),
        ...(isOwn ? [authImport] : []),
        { from: '#lib/letters', one: 'Letters' },
      ],
      body: isApplication
        ? `const letters = new Letters();\nconst seen = new Map«<string, string>»();\n\nconst mount = (app«: any») => {\n${lines}\n};`
        : `const router = express.Router();\nconst letters = new Letters();\nconst seen = new Map«<string, string>»();\n\n${lines}`,
      exports: { one: isApplication ? 'mount' : 'router' },
    },
  ];
}

export const LOOK_ALIKE_QUESTIONS: readonly Question[] = [
  { method: 'GET', path: '/letters' },
  { method: 'PUT', path: '/letters/1', body: { text: 'Sir' } },
  { method: 'DELETE', path: '/letters/1' },
];
