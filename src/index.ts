export type { TransformOptions, UserTransform } from './codemods/transform.js';
export { defineConfig } from './config/define-config.js';
