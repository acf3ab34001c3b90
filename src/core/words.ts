/** A pattern (for the `u` flag) of a name as a word of its own, whatever characters it has: `$scope`, `größe`. */
export function wordPattern(name: string): string {
  const escaped = name.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
  return `(?<![$\\p{ID_Continue}])${escaped}(?![$\\p{ID_Continue}])`;
}

/** True where a text has the name as a word of its own. */
export function hasWord(text: string, name: string): boolean {
  return new RegExp(wordPattern(name), 'u').test(text);
}
