/**
 * Values by key, where finding one may lead back to itself: a cycle has no value. What was found to have none because of
 * a cycle is forgotten when the outermost question is answered, since asked from elsewhere it may have one.
 */
export class CyclicCache<Key, Value> {
  readonly #known = new Map<Key, Value | undefined>();
  readonly #open = new Set<Key>();
  readonly #doubtful = new Set<Key>();
  /** True since an open question was asked again. */
  #isCyclic = false;

  get(key: Key, find: () => Value | undefined): Value | undefined {
    if (this.#open.has(key)) {
      this.#isCyclic = true;
      return undefined;
    }
    if (this.#known.has(key)) return this.#known.get(key);
    this.#open.add(key);
    try {
      const value = find();
      this.#known.set(key, value);
      if (value === undefined && this.#isCyclic) this.#doubtful.add(key);
      return value;
    } finally {
      this.#open.delete(key);
      if (this.#open.size === 0) this.#forget(key);
    }
  }

  /** `outermost` was answered while nothing else was open, so its answer stands. */
  #forget(outermost: Key): void {
    for (const key of this.#doubtful) if (key !== outermost) this.#known.delete(key);
    this.#doubtful.clear();
    this.#isCyclic = false;
  }
}

/** Answers a question about an owner unless it is being answered already: an object that is defined through itself. */
export class Recursion {
  readonly #open = new Map<object, Set<string>>();

  once<Answer>(owner: object, name: string, answer: () => Answer): Answer | undefined {
    const names = this.#open.get(owner) ?? new Set<string>();
    if (names.has(name)) return undefined;
    this.#open.set(owner, names.add(name));
    try {
      return answer();
    } finally {
      names.delete(name);
      if (names.size === 0) this.#open.delete(owner);
    }
  }
}
