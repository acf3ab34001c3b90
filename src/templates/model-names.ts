/** What ModelFactory itself declares or uses, in any of its forms. */
const TAKEN = new Set([
  'CENTRAL_MODEL_MAP',
  'Error',
  'MODEL_MAP',
  'ModelFactory',
  'Object',
  'WeakMap',
  'bind',
  'bound',
  'defineAll',
  'getModel',
  'isCentralConnection',
  'module',
  'notFound',
  'require',
  'Definition',
  'Definitions',
  'Model',
  'ModelName',
  'ModelOf',
  'ModelStatic',
  'Promise',
  'Readonly',
  'Record',
  'ReturnType',
  'Sequelize',
]);

/** A variable's name for every model: its own, unless that is no identifier or is taken. */
export function modelNames(models: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set(TAKEN);
  for (const model of models) {
    const plain = model.replace(/[^\w$]+(\w?)/g, (_whole, next: string) => next.toUpperCase());
    let name = isIdentifier(plain) && !used.has(plain) ? plain : `${plain}Model`.replace(/^(?=\d)/, '_');
    while (used.has(name)) name += '_';
    used.add(name);
    names.set(model, name);
  }
  return names;
}

const RESERVED =
  /^(arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

function isIdentifier(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text) && !RESERVED.test(text);
}
