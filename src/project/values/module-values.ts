import { ts } from 'ts-morph';
import { isLoader } from '../models/loader.js';
import { isMigratedModel, isOfMigrated, type ModelRegistry } from '../models/registry.js';
import { declaresType, exportsOf, pathOf, resolveModule, runtimeFile } from '../source/modules.js';
import { isNamed } from '../source/nodes.js';
import type { AppProject } from '../source/open-project.js';
import type { Value } from '../types.js';

/** What modules need of whoever evaluates the expressions in them. */
interface Values {
  valueOf(expression: ts.Expression): Value | undefined;
  valueOfDeclaration(declaration: ts.Declaration): Value | undefined;
  member(value: Value, name: string): Value | undefined;
}

/** Says what imports give and exports are, through files of the application, packages and runtime files. */
export class ModuleValues {
  constructor(
    private readonly project: AppProject,
    private readonly registry: ModelRegistry,
    private readonly values: Values,
  ) {}

  /** What `require(specifier)` gives. */
  moduleValue(from: ts.SourceFile, specifier: string): Value | undefined {
    const path = pathOf(this.project, from, specifier);
    if (path === undefined) return { kind: 'package', name: specifier, member: undefined };
    const runtime = runtimeFile(this.project.app, path);
    if (runtime === 'modelFactory') return { kind: 'factory' };
    if (runtime !== undefined) return { kind: 'migrated' };
    const file = resolveModule(this.project, from, specifier);
    return file === undefined ? undefined : this.#settle({ kind: 'module', file });
  }

  /** What an import gives: a name of it, or all of it where there is none. */
  imported(
    declaration: ts.ImportDeclaration | ts.JSDocImportTag,
    name: string | undefined,
  ): Value | undefined {
    const specifier = declaration.moduleSpecifier;
    if (!ts.isStringLiteral(specifier)) return undefined;
    const from = declaration.getSourceFile();
    const value = this.moduleValue(from, specifier.text);
    if (value === undefined || value.kind === 'package')
      return value && { ...value, member: name === 'default' ? undefined : name };
    if (value.kind === 'factory')
      return name === undefined || name === 'default' ? value : this.values.member(value, name);
    if (value.kind === 'migrated') return value; // a runtime file is not read, as for require
    const file = resolveModule(this.project, from, specifier.text);
    if (file === undefined || name === undefined) return value;
    return this.exported(file, name);
  }

  /** A module that is nothing but one value, as that value. */
  #settle(module: { readonly kind: 'module'; readonly file: ts.SourceFile }): Value | undefined {
    const { whole, isDefault, named } = exportsOf(module.file);
    const [model, ...more] = this.registry.inFile.get(module.file) ?? [];
    if (model !== undefined && more.length === 0 && whole !== undefined && named.size === 0) {
      const isList =
        ts.isObjectLiteralExpression(whole) &&
        !whole.properties.some((one) => one.name && isNamed(one.name, 'define'));
      if (!isList) return { kind: 'model', model };
    }
    if (whole === undefined || isDefault || named.size > 0 || isLoader(module.file)) return module;
    const value = this.#node(whole);
    return value === undefined || value.kind === 'object' ? module : value;
  }

  /** What `file.name` is for whoever imports it. */
  exported(file: ts.SourceFile, name: string): Value | undefined {
    const { whole, isDefault, named, passedOn, stars } = exportsOf(file);
    const node = named.get(name);
    const isByDefault = whole !== undefined && node !== undefined && whole.getText() === node.getText();
    if (isByDefault && isMigratedModel(file)) return this.exported(file, 'default');
    if (node !== undefined) return this.#node(node);
    if (name === 'default' && whole !== undefined) {
      if (!isDefault) return this.#settle({ kind: 'module', file });
      const settled = this.#settle({ kind: 'module', file });
      const [model] = isMigratedModel(file) ? (this.registry.inFile.get(file) ?? []) : [];
      if (model !== undefined) return { kind: 'model', model };
      return settled?.kind === 'model' ? settled : this.#node(whole);
    }
    const passed = passedOn.get(name);
    if (passed !== undefined) {
      const target = resolveModule(this.project, file, passed.specifier);
      if (target === undefined) return undefined;
      const module = { kind: 'module', file: target } as const;
      return passed.name === '*' ? module : this.values.member(module, passed.name);
    }
    if (isLoader(file)) {
      if (name === 'sequelize') return { kind: 'connection' };
      if (name === 'Sequelize') return { kind: 'package', name: 'sequelize', member: 'Sequelize' };
      const model = this.registry.named(name);
      if (model !== undefined) return { kind: 'model', model };
    }
    if (whole !== undefined && !isDefault) {
      const value = this.#node(whole);
      const found = value && this.values.member(value, name);
      if (found !== undefined) return found;
    }
    for (const specifier of stars) {
      const target = resolveModule(this.project, file, specifier);
      const found = target && this.values.member({ kind: 'module', file: target }, name);
      if (found !== undefined) return found;
    }
    // A name that the file no longer exports, since it was migrated and who asks for it was not.
    const [model] = isMigratedModel(file) ? (this.registry.inFile.get(file) ?? []) : [];
    const isStale = model !== undefined && !isOfMigrated(name) && !declaresType(file, name);
    return isStale ? { kind: 'model', model } : undefined;
  }

  #node(node: ts.Node): Value | undefined {
    if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node))
      return this.values.valueOfDeclaration(node);
    return this.values.valueOf(node as ts.Expression);
  }
}
